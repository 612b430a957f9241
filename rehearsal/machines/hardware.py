"""The hardware of virtual machines, read over the vSphere API: size and NVIDIA GPUs.

Devices can only change while a machine is off, so that this is read once, when it is powered on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from infra.model.gpu_boards import NVIDIA, boards
from infra.vsphere.reading import Reader
from rehearsal.machines.description import Hardware

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.vsphere.session import VCenter

_SIZE = ["config.uuid", "config.hardware.numCPU", "config.hardware.memoryMB"]
_PATHS = [*_SIZE, "config.hardware.device", "runtime.host"]


def read_hardware(vcenter: VCenter, uuids: Iterable[str]) -> dict[str, Hardware]:
    """Return the hardware of machines by BIOS UUID; of those that are there."""
    index: Any = vcenter.content.searchIndex
    found = [index.FindByUuid(uuid=uuid, vmSearch=True) for uuid in uuids]
    reader = Reader(vcenter)
    machines = [values for _, values in reader.of([each for each in found if each], vim.VirtualMachine, _PATHS)]
    hosts = _host_devices(reader, machines)
    return {
        values["config.uuid"]: Hardware(
            cpus=values["config.hardware.numCPU"],
            memory_mib=values["config.hardware.memoryMB"],
            gpus=tuple(_gpus(values, hosts)),
        )
        for values in machines
        if all(path in values for path in _SIZE)
    }


def product_of_profile(profile: str) -> str:
    """Return the product name of a vGPU: `NVIDIA-L4-6C` for `nvidia_l4-6c`, as its guest driver spells it."""
    return profile.replace("_", "-").upper()


def product_of_device(device: str, name: str) -> str:
    """Return the product name of a whole GPU by its PCI device id (hexadecimal) and name: `NVIDIA-H100-PCIe`."""
    board = next((board.name for board in boards().values() if board.is_device(device, name)), f"GPU {device}")
    return f"NVIDIA {board}".replace(" ", "-")


def _host_devices(reader: Reader, machines: Iterable[dict[str, Any]]) -> dict[tuple[Any, str], str]:
    """Return the product name of every NVIDIA device of the hosts, by host and PCI address.

    Hosts of machines are asked alone to which devices are passed through whole.
    """
    hosts = {values.get("runtime.host") for values in machines if any(map(_address, _passed_through(values)))}
    return {
        (host, device.id): product_of_device(f"{device.deviceId & 0xFFFF:04x}", device.deviceName)
        for host, values in reader.of(list(hosts), vim.HostSystem, ["hardware.pciDevice"])
        for device in values.get("hardware.pciDevice", [])
        if f"{device.vendorId & 0xFFFF:04x}" == NVIDIA
    }


def _passed_through(values: dict[str, Any]) -> list[Any]:
    devices = values.get("config.hardware.device", [])
    return [each.backing for each in devices if isinstance(each, vim.vm.device.VirtualPCIPassthrough)]


def _address(backing: object) -> str:
    """Return the PCI address of a whole device on its host, or nothing for a vGPU."""
    if isinstance(backing, vim.vm.device.VirtualPCIPassthrough.DynamicBackingInfo):
        return backing.assignedId or ""
    return str(getattr(backing, "id", ""))


def _gpus(values: dict[str, Any], devices: dict[tuple[Any, str], str]) -> Iterator[str]:
    for backing in _passed_through(values):
        place = (values.get("runtime.host"), _address(backing))
        if isinstance(backing, vim.vm.device.VirtualPCIPassthrough.VmiopBackingInfo):
            yield product_of_profile(str(backing.vgpu))
        elif place in devices:
            yield devices[place]
