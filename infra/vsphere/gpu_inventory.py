"""Hosts and GPUs of a vCenter, read in a few bulk requests, whatever their number. Rights to read are enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from infra.gpu.inventory import Gpu, Holder, Host, Inventory, Mode
from infra.model.gpu_boards import NVIDIA, boards
from infra.vsphere.reading import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.vsphere.session import VCenter

_MIB = 1024**2
_DISPLAY = 0x03  # PCI base class of display controllers
_HOST_PATHS = [
    *("name", "parent", "runtime.connectionState", "runtime.inMaintenanceMode", "config.product.version"),
    *("summary.hardware.memorySize", "summary.hardware.numCpuCores", "hardware.pciDevice", "config.pciPassthruInfo"),
    *("config.graphicsInfo", "config.graphicsConfig", "config.sharedPassthruGpuTypes"),
]
_MACHINE_PATHS = [
    *("name", "parent", "runtime.host", "runtime.powerState", "config.template", "config.hardware.memoryMB"),
    *("config.memoryReservationLockedToMax", "config.memoryAllocation.reservation"),
]
HOT_MIGRATE = "vgpu.hotmigrate.enabled"


def read_gpu_inventory(instance: VCenter, vcenter: str) -> tuple[Inventory, int]:
    """Return what a vCenter has, and how many requests that took."""
    reader = Reader(instance)
    clusters = {found: values["name"] for found, values in reader.all(vim.ClusterComputeResource, ["name"])}
    hosts = reader.all(vim.HostSystem, _HOST_PATHS)
    machines = _machines(reader)
    holders: dict[Any, list[Holder]] = {}
    for machine in machines.values():
        if machine.host is not None:
            holders.setdefault(machine.host, []).append(machine.holder)
    names = {found: machine.holder.name for found, machine in machines.items()}
    found = tuple(
        _host(values, clusters[values["parent"]], holders.get(reference, []), names)
        for reference, values in hosts
        if values.get("parent") in clusters and "name" in values
    )
    ordered = tuple(sorted(found, key=lambda host: (host.cluster, host.name)))
    read = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Inventory(vcenter, read, ordered, _hot_migrate(instance)), reader.requests + 1


@dataclass(frozen=True)
class _Machine:
    """A machine that holds GPUs or reserved memory, and the host that it is on."""

    holder: Holder
    host: Any


def _machines(reader: Reader) -> dict[Any, _Machine]:
    """Return the machines that hold something, by reference.

    Devices are read of machines alone whose memory is reserved whole: no other one starts with a GPU.
    """
    folders = dict(reader.all(vim.Folder, ["name", "parent"]))
    machines = {
        found: values
        for found, values in reader.all(vim.VirtualMachine, _MACHINE_PATHS)
        if not values.get("config.template") and _reserved(values)
    }
    whole = [
        found for found, values in machines.items() if _reserved(values) >= values.get("config.hardware.memoryMB", 0)
    ]
    devices = {
        found: values.get("config.hardware.device", [])
        for found, values in reader.of(whole, vim.VirtualMachine, ["config.hardware.device"])
    }
    return {
        found: _Machine(_holder(values, folders, devices.get(found, [])), values.get("runtime.host"))
        for found, values in machines.items()
    }


def _reserved(values: Mapping[str, Any]) -> int:
    """Return the memory that a machine has reserved, in MiB."""
    if values.get("config.memoryReservationLockedToMax"):
        return int(values.get("config.hardware.memoryMB", 0))
    return int(values.get("config.memoryAllocation.reservation") or 0)


def _holder(values: Mapping[str, Any], folders: Mapping[Any, Mapping[str, Any]], devices: Iterable[Any]) -> Holder:
    addresses: list[str] = []
    profiles: dict[str, int] = {}
    for device in devices:
        backing = getattr(device, "backing", None) if isinstance(device, vim.vm.device.VirtualPCIPassthrough) else None
        if isinstance(backing, vim.vm.device.VirtualPCIPassthrough.VmiopBackingInfo):
            profiles[str(backing.vgpu)] = profiles.get(str(backing.vgpu), 0) + 1
        elif isinstance(backing, vim.vm.device.VirtualPCIPassthrough.DynamicBackingInfo):
            addresses += [backing.assignedId] if backing.assignedId else []
        elif isinstance(backing, vim.vm.device.VirtualPCIPassthrough.DeviceBackingInfo):
            addresses.append(backing.id)
    return Holder(
        name=values["name"],
        folder=_path(values.get("parent"), folders),
        powered_on=values.get("runtime.powerState") == vim.VirtualMachine.PowerState.poweredOn,
        reserved_mib=_reserved(values),
        devices=tuple(sorted(addresses)),
        profiles=tuple(sorted(profiles.items())),
    )


def _path(folder: Any, folders: Mapping[Any, Mapping[str, Any]]) -> str:
    """Return the path of a folder below its datacenter's folder of virtual machines, which has none itself."""
    names: list[str] = []
    while folder in folders:
        names.append(folders[folder]["name"])
        folder = folders[folder].get("parent")
    return "/".join(reversed(names[:-1]))


def _host(values: Mapping[str, Any], cluster: str, holders: Iterable[Holder], names: Mapping[Any, str]) -> Host:
    graphics = values.get("config.graphicsConfig")
    return Host(
        name=values["name"],
        cluster=cluster,
        connected=values.get("runtime.connectionState") == vim.HostSystem.ConnectionState.connected,
        maintenance=bool(values.get("runtime.inMaintenanceMode", True)),
        version=values.get("config.product.version", ""),
        memory_mib=values.get("summary.hardware.memorySize", 0) // _MIB,
        cores=values.get("summary.hardware.numCpuCores", 0),
        consolidates=getattr(graphics, "sharedPassthruAssignmentPolicy", "") == "consolidation",
        profiles=tuple(sorted(values.get("config.sharedPassthruGpuTypes", []))),
        gpus=tuple(_gpus(values, names)),
        holders=tuple(sorted(holders, key=lambda each: (each.folder, each.name))),
    )


def _gpus(values: Mapping[str, Any], names: Mapping[Any, str]) -> Iterable[Gpu]:
    passthrough = {info.id: info for info in values.get("config.pciPassthruInfo", [])}
    graphics = {info.pciId: info for info in values.get("config.graphicsInfo", [])}
    for device in values.get("hardware.pciDevice", []):
        if f"{device.vendorId & 0xFFFF:04x}" != NVIDIA or (device.classId & 0xFFFF) >> 8 != _DISPLAY:
            continue
        identifier = f"{device.deviceId & 0xFFFF:04x}"
        info, drawn = passthrough.get(device.id), graphics.get(device.id)
        yield Gpu(
            address=device.id,
            device=identifier,
            name=device.deviceName,
            board=next((b.name for b in boards().values() if b.is_device(identifier, device.deviceName)), ""),
            mode=_mode(info, drawn),
            label=getattr(info, "hardwareLabel", None) or "",
            users=tuple(sorted(names[machine] for machine in (drawn.vm if drawn else []) if machine in names)),
        )


def _mode(passthrough: Any, graphics: Any) -> Mode:
    if passthrough is not None and passthrough.passthruActive:
        return "passthrough"
    if passthrough is not None and passthrough.passthruEnabled:
        return "pending"
    kind = graphics.graphicsType if graphics is not None else ""
    if kind == "sharedDirect":
        return "mig" if graphics.vgpuMode == "multiInstanceGpu" else "vgpu"
    return "shared" if kind == "shared" else "off"


def _hot_migrate(instance: VCenter) -> bool:
    manager: Any = instance.content.setting
    try:
        return any(str(option.value).lower() == "true" for option in manager.QueryOptions(HOT_MIGRATE))
    except vim.fault.InvalidName:
        return False
