"""The catalogue of GPU boards: what a profile name means, how many fit on a GPU, what a virtual machine needs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from infra.plain_yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

NVIDIA = "10de"  # PCI vendor
_PROFILE = re.compile(
    r"(?:(?P<prefix>grid|nvidia)_)?(?P<base>[a-z0-9]+)-(?:(?P<slices>[0-9]+)-)?(?P<size>[0-9]+)(?:c|q|a|b|cme)"
)


@dataclass(frozen=True)
class Board:
    """A GPU board.

    `devices` are PCI device ids with a part of the device's name where boards share one (else ""), `memory_gib` and
    `mmio_gib` those of one GPU, `types` and `prefix` parts of its profile names, `time_sliced` and `mig` how many
    profiles fit on a GPU: by framebuffer in GiB, or by `slices-framebuffer`.
    """

    name: str
    devices: tuple[tuple[str, str], ...]
    memory_gib: int
    mmio_gib: int
    types: str
    prefix: str
    time_sliced: Mapping[int, int]
    mig: Mapping[str, int]
    unconfirmed: tuple[str, ...]

    def profile_name(self, type_name: str) -> str:
        """Return the profile name that hosts are expected to report for a type such as `20c` or `3-40c`."""
        return f"{self.prefix}_{self.types}-{type_name}"

    def is_device(self, device: str, name: str) -> bool:
        """Whether a PCI device (id in hexadecimal, and its name) is a GPU of this board."""
        return any(device == each and re.search(rf"\b{part}\b", name) for each, part in self.devices)


@dataclass(frozen=True)
class Profile:
    """A vGPU profile: its board's type base, framebuffer in GiB, and MIG slices (None when time-sliced).

    Series do not matter: since vSphere 8.0 U2 profiles of one size share a GPU, whatever their series.
    """

    name: str
    types: str
    size_gib: int
    slices: int | None

    @property
    def type_name(self) -> str:
        """What it takes of a GPU: `20c`, or `3-40c` for a MIG-backed one."""
        return f"{self.size_gib}c" if self.slices is None else f"{self.slices}-{self.size_gib}c"

    def per_gpu(self, board: Board) -> int:
        """Return how many of it fit on one GPU of a board; 0 when the board doesn't have it."""
        if self.slices is None:
            return board.time_sliced.get(self.size_gib, 0)
        return board.mig.get(f"{self.slices}-{self.size_gib}", 0)


def parse_profile(name: str) -> Profile | None:
    """Return what a profile name says, with or without prefix, or None for a name of another kind."""
    found = _PROFILE.fullmatch(name)
    if found is None:
        return None
    slices = found["slices"]
    return Profile(name, found["base"], int(found["size"]), int(slices) if slices else None)


@cache
def boards() -> dict[str, Board]:
    """Return the catalogue, by name of the board."""
    path = Path(__file__).with_suffix(".yaml")
    table = read_yaml(path.read_text(encoding="utf-8"))
    return {
        name: Board(
            name=name,
            devices=tuple((str(pci["device"]), pci.get("name", "")) for pci in entry["pci"]),
            memory_gib=entry["memoryGiB"],
            mmio_gib=entry["mmioGiB"],
            types=entry["types"],
            prefix=entry["prefix"],
            time_sliced=entry["timeSliced"],
            mig=entry.get("mig", {}),
            unconfirmed=tuple(entry.get("unconfirmed", ())),
        )
        for name, entry in table.items()
    }


def boards_called(name: str) -> list[Board]:
    """Return the boards that a document's name means: one by its full name, or all of a family such as `H100`."""
    if name in boards():
        return [boards()[name]]
    return [board for known, board in boards().items() if known.startswith(f"{name} ")]


def boards_of_types(types: str) -> list[Board]:
    """Return the boards whose profile names have a base."""
    return [board for board in boards().values() if board.types == types]


def overridden(board: Board, mmio_gib: int | None) -> Board:
    """Return a board with a site's own number in the place of the catalogue's."""
    return board if mmio_gib is None else replace(board, mmio_gib=mmio_gib)


def mmio_of_machine(board: Board, gpus: int) -> int:
    """Return the 64-bit MMIO space in GiB of a machine with some GPUs: the next power of two of what they need.

    Source: Frank Denneman, "ESXi Host BIOS, VM, and vCenter Settings" (2023): rounding up costs next to nothing.
    """
    return 1 << (board.mmio_gib * gpus - 1).bit_length()
