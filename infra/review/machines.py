"""What a change of a virtual machine means: the type's name, and the properties that restart it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MACHINE = "vsphere:index/virtualMachine:VirtualMachine"
# What the vSphere plugin changes on a machine that is off alone (terraform-provider-vsphere, getWithRestart).
RESTARTS = frozenset(
    {
        *("numCpus", "memory", "hardwareVersion", "guestId", "firmware", "enableDiskUuid", "eptRviMode", "hvMode"),
        *("swapPlacementPolicy", "extraConfig", "memoryReservation", "memoryReservationLockedToMax", "pciDeviceIds"),
    }
)


def restarting(paths: Iterable[str]) -> tuple[str, ...]:
    """Return those properties, of the paths that change, that restart a virtual machine, sorted."""
    return tuple(sorted({path.partition("[")[0].partition(".")[0] for path in paths} & RESTARTS))
