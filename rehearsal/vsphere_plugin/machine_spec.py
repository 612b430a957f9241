"""From inputs to what vCenter is told: clone and configuration of a virtual machine. Nothing is asked here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from rehearsal.vsphere_plugin.connection import Refused

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties

KIB_PER_GIB = 1024 * 1024
_ADAPTERS = {"vmxnet3": vim.vm.device.VirtualVmxnet3, "e1000e": vim.vm.device.VirtualE1000e}
_SCSI_CONTROLLERS = {
    "pvscsi": vim.vm.device.ParaVirtualSCSIController,
    "lsilogic": vim.vm.device.VirtualLsiLogicController,
    "lsilogic-sas": vim.vm.device.VirtualLsiLogicSASController,
}


def clone_spec(connection: Connection, inputs: Properties) -> Any:
    """Return where a clone goes; like the official plugin, it stays off and is configured in a step of its own."""
    location = vim.vm.RelocateSpec(
        datastore=connection.managed(vim.Datastore, inputs["datastoreId"]),
        pool=connection.managed(vim.ResourcePool, inputs["resourcePoolId"]),
    )
    return vim.vm.CloneSpec(location=location, powerOn=False, template=False)


def config_spec(inputs: Properties, names: set[str]) -> Any:
    """Return the configuration for the named properties; devices come from `device_changes`."""
    spec = vim.vm.ConfigSpec()
    simple = {
        "name": "name",
        "annotation": "annotation",
        "numCpus": "numCPUs",
        "memory": "memoryMB",
        "guestId": "guestId",
        "firmware": "firmware",
        "swapPlacementPolicy": "swapPlacement",
    }
    for name in names & simple.keys() & inputs.keys():
        setattr(spec, simple[name], inputs[name])
    if names & {"enableDiskUuid", "eptRviMode", "hvMode"}:
        spec.flags = vim.vm.FlagInfo(
            diskUuidEnabled=inputs.get("enableDiskUuid"),
            virtualMmuUsage=inputs.get("eptRviMode"),
            virtualExecUsage=inputs.get("hvMode"),
        )
    if "syncTimeWithHost" in names:
        allowed = inputs.get("syncTimeWithHost")
        spec.tools = vim.vm.ToolsConfigInfo(syncTimeWithHostAllowed=allowed)
    if "extraConfig" in names:
        spec.extraConfig = [
            vim.option.OptionValue(key=key, value=value) for key, value in sorted(inputs.get("extraConfig", {}).items())
        ]
    return spec


def device_changes(connection: Connection, inputs: Properties, devices: list[Any]) -> list[Any]:
    """Return the edits that give present devices the sizes, networks and kinds of the inputs.

    Raises `Refused` for another number of disks or network interfaces than there are, and for a disk to shrink.
    """
    changes = [*_disk_changes(inputs, devices), *_interface_changes(connection, inputs, devices)]
    controller = next((d for d in devices if isinstance(d, vim.vm.device.VirtualSCSIController)), None)
    wanted = _SCSI_CONTROLLERS.get(inputs.get("scsiType", "pvscsi"))
    if controller is None or wanted is None or not isinstance(controller, wanted):
        raise Refused("the vSphere plugin for rehearsals does not change the type of SCSI controllers")
    return changes


def disks_of(devices: list[Any]) -> list[Any]:
    """Return the disks of a device list by their key."""
    found = [device for device in devices if isinstance(device, vim.vm.device.VirtualDisk)]
    return sorted(found, key=lambda disk: disk.key)


def interfaces_of(devices: list[Any]) -> list[Any]:
    """Return the network interfaces of a device list by their key."""
    found = [device for device in devices if isinstance(device, vim.vm.device.VirtualEthernetCard)]
    return sorted(found, key=lambda card: card.key)


def adapter_type(card: Any) -> str:
    """Return the adapter type of a network interface as the inputs name it."""
    return next((name for name, kind in _ADAPTERS.items() if isinstance(card, kind)), "unknown")


def scsi_type(devices: list[Any]) -> str:
    """Return the type of the SCSI controllers as the inputs name it."""
    controllers = [d for d in devices if isinstance(d, vim.vm.device.VirtualSCSIController)]
    return next((n for n, kind in _SCSI_CONTROLLERS.items() for c in controllers if isinstance(c, kind)), "unknown")


def _disk_changes(inputs: Properties, devices: list[Any]) -> list[Any]:
    disks = disks_of(devices)
    wanted = inputs.get("disks", [])
    if len(disks) != len(wanted):
        raise Refused(
            f"the vSphere plugin for rehearsals keeps the template's disks: {len(disks)} there, {len(wanted)} asked for"
        )
    changes = []
    for disk, entry in zip(disks, wanted, strict=True):
        size = entry["size"] * KIB_PER_GIB
        if size < disk.capacityInKB:
            raise Refused(
                f"disk.0: disk name {entry['label']} must be at least the same size of source when cloning "
                f"(expected: >= {disk.capacityInKB // KIB_PER_GIB} GiB)"
            )
        if size > disk.capacityInKB:
            disk.capacityInKB = size
            disk.capacityInBytes = size * 1024
            changes.append(_edit(disk))
    return changes


def _interface_changes(connection: Connection, inputs: Properties, devices: list[Any]) -> list[Any]:
    cards = interfaces_of(devices)
    wanted = inputs.get("networkInterfaces", [])
    if len(cards) != len(wanted):
        raise Refused(
            f"the vSphere plugin for rehearsals keeps the template's network interfaces: {len(cards)} there, "
            f"{len(wanted)} asked for"
        )
    changes = []
    for card, entry in zip(cards, wanted, strict=True):
        if adapter_type(card) != entry.get("adapterType", "vmxnet3"):
            raise Refused("the vSphere plugin for rehearsals does not change the type of network interfaces")
        if network_id(card) != entry["networkId"]:
            card.backing = _backing(connection, entry["networkId"])
            changes.append(_edit(card))
    return changes


def network_id(card: Any) -> str:
    """Return the identifier of the network that an interface is connected to."""
    backing: Any = card.backing
    if isinstance(backing, vim.vm.device.VirtualEthernetCard.NetworkBackingInfo):
        network: Any = backing.network
        return str(network._moId)
    return str(backing.port.portgroupKey)


def _backing(connection: Connection, identifier: str) -> Any:
    network = connection.managed(vim.Network, identifier)
    return vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(network=network, deviceName=network.name)


def _edit(device: Any) -> Any:
    return vim.vm.device.VirtualDeviceSpec(operation=vim.vm.device.VirtualDeviceSpec.Operation.edit, device=device)
