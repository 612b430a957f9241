"""NVIDIA's device plugin, played: it registers with the kubelet, which then reports the machine's GPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.machines.effects.effect import Effect
from rehearsal.machines.places import DEVICE_PLUGIN, GPU_DRIVER, remove, touch

if TYPE_CHECKING:
    from rehearsal.machines.effects.effect import Container

WAITS_FOR_DRIVER = "driver-validation"  # the init container that the operator adds where it brings the driver


class DevicePlugin(Effect):
    """Is registered while it runs and, where the operator brings the driver, while that is loaded."""

    pause = 0.5

    def look(self, container: Container) -> None:
        """Register, or leave when the driver is gone. Without the operator's driver the template has one."""
        waits = {each["name"] for each in container.pod["spec"].get("initContainers", [])}
        if WAITS_FOR_DRIVER in waits and not GPU_DRIVER.exists():
            remove(DEVICE_PLUGIN)
        else:
            touch(DEVICE_PLUGIN)

    def stop(self) -> None:
        """Leave."""
        remove(DEVICE_PLUGIN)
