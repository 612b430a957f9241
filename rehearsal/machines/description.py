"""What a machine knows of itself when it boots: the file that the machine room writes for it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

FILE = "SLIPWAY_MACHINE"  # the variable that names the file


@dataclass(frozen=True)
class Hardware:
    """A virtual machine's size, in virtual CPUs and MiB, and its NVIDIA GPUs by the product names of their driver."""

    cpus: int
    memory_mib: int
    gpus: tuple[str, ...] = ()


@dataclass(frozen=True)
class Description:
    """A machine as vCenter has it: BIOS UUID, name, hardware, and what it reads through its guest tools."""

    uuid: str
    name: str
    hardware: Hardware
    guest_info: dict[str, str] = field(repr=False)

    def as_json(self) -> str:
        """Return the text of the file."""
        return json.dumps(asdict(self))


def own_description() -> Description:
    """Return what this machine is; asked on a machine."""
    return read_description(Path(os.environ[FILE]))


def read_description(file: Path) -> Description:
    """Return what the file of a machine says."""
    found = json.loads(file.read_text(encoding="utf-8"))
    size = found["hardware"]
    hardware = Hardware(size["cpus"], size["memory_mib"], tuple(size["gpus"]))
    return Description(found["uuid"], found["name"], hardware, found["guest_info"])
