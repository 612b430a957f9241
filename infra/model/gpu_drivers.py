"""Which NVIDIA driver of a host goes with which driver of the virtual machines on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from infra.plain_yaml import read_yaml


@dataclass(frozen=True)
class DriverBranch:
    """A branch of NVIDIA's drivers: the first number of its versions, and whether it is a long-term one."""

    number: int
    long_term: bool


@cache
def driver_branches() -> tuple[DriverBranch, ...]:
    """Return the branches that vGPU releases were made of, oldest first."""
    file = Path(__file__).with_name("gpu_drivers.yaml")
    found = read_yaml(file.read_text(encoding="utf-8"))
    return tuple(DriverBranch(each["branch"], bool(each.get("longTerm"))) for each in found)


def branch_number(version: str) -> int:
    """Return the number of a driver version's branch, such as 580 for 580.65.05."""
    return int(version.partition(".")[0])


def host_branches_for(guest_version: str) -> list[int]:
    """Return the branches that a host's driver may be of, oldest first; none for a branch that is not known.

    Virtual GPU Software User Guide, "Driver compatibility": a host of the same branch or of the next one, or of the
    next long-term branch where the guest's is a long-term one.
    """
    branches = driver_branches()
    numbers = [branch.number for branch in branches]
    guest = branch_number(guest_version)
    if guest not in numbers:
        return []
    at = numbers.index(guest)
    later = branches[at + 1 :]
    allowed = {guest, *(branch.number for branch in later[:1])}
    if branches[at].long_term:
        allowed |= {branch.number for branch in [each for each in later if each.long_term][:1]}
    return sorted(allowed)
