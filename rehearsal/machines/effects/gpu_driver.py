"""The GPU operator's driver container, played: the driver is loaded while its pod runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.machines.effects.effect import Effect
from rehearsal.machines.places import GPU_DRIVER, remove, touch

if TYPE_CHECKING:
    from rehearsal.machines.effects.effect import Container


class GpuDriver(Effect):
    """Says by the operator's own file that the driver is ready."""

    def look(self, container: Container) -> None:
        """Load the driver, if there is a device to drive."""
        if container.hardware.gpus:
            touch(GPU_DRIVER)

    def stop(self) -> None:
        """Unload it."""
        remove(GPU_DRIVER)
