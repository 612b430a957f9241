"""From inputs to what vCenter is told: clone, configuration and network interfaces of a virtual machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl

from rehearsal.vsphere_plugin.connection import Refused
from rehearsal.vsphere_plugin.storage import host_of

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties

_ADAPTERS = {"vmxnet3": vim.vm.device.VirtualVmxnet3, "e1000e": vim.vm.device.VirtualE1000e}
_SCSI_CONTROLLERS = {
    "pvscsi": vim.vm.device.ParaVirtualSCSIController,
    "lsilogic": vim.vm.device.VirtualLsiLogicController,
    "lsilogic-sas": vim.vm.device.VirtualLsiLogicSASController,
}


def clone_spec(connection: Connection, inputs: Properties) -> Any:
    """Return where a clone goes; like the official plugin, it stays off and is configured in a step of its own.

    Raises `Refused` for a host outside the pool's cluster.
    """
    pool = connection.managed(vim.ResourcePool, inputs["resourcePoolId"])
    location = vim.vm.RelocateSpec(pool=pool, host=host_of(connection, pool, inputs))
    if inputs.get("datastoreId"):  # else a datastore cluster chooses
        location.datastore = connection.managed(vim.Datastore, inputs["datastoreId"])
    return vim.vm.CloneSpec(location=location, powerOn=False, template=False)


def config_spec(inputs: Properties, names: set[str]) -> Any:
    """Return the configuration for the named properties; devices come from elsewhere."""
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
    if "storagePolicyId" in names and inputs.get("storagePolicyId"):
        spec.vmProfile = [vim.vm.DefinedProfileSpec(profileId=inputs["storagePolicyId"])]
    _reserve(spec, inputs, names)
    return spec


def _reserve(spec: Any, inputs: Properties, names: set[str]) -> None:
    """Put the reservations into a configuration; memory is locked only where all of it is reserved."""
    if "cpuReservation" in names:
        spec.cpuAllocation = vim.ResourceAllocationInfo(reservation=inputs.get("cpuReservation", 0))
    if names & {"memory", "memoryReservation", "memoryReservationLockedToMax"}:
        reserved = inputs.get("memoryReservation", 0)
        spec.memoryAllocation = vim.ResourceAllocationInfo(reservation=reserved)
        if reserved != inputs["memory"]:
            spec.memoryReservationLockedToMax = False
        elif inputs.get("memoryReservationLockedToMax"):
            spec.memoryReservationLockedToMax = True


def check_controller(inputs: Properties, devices: list[Any]) -> None:
    """Raise `Refused` when the SCSI controller is not of the kind that the inputs ask for."""
    controller = next((d for d in devices if isinstance(d, vim.vm.device.VirtualSCSIController)), None)
    wanted = _SCSI_CONTROLLERS.get(inputs.get("scsiType", "pvscsi"))
    if controller is None or wanted is None or not isinstance(controller, wanted):
        raise Refused("the vSphere plugin for rehearsals does not change the type of SCSI controllers")


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


def interface_changes(connection: Connection, inputs: Properties, devices: list[Any]) -> list[Any]:
    """Return the edits that connect the present network interfaces as the inputs ask for.

    Raises `Refused` for another number or kind of network interfaces than there are, and for a network that is gone.
    """
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
    """Return the identifier of the network that an interface is connected to; a port group's key is its identifier."""
    backing: Any = card.backing
    if isinstance(backing, vim.vm.device.VirtualEthernetCard.NetworkBackingInfo):
        network: Any = backing.network
        return str(network._moId)
    return str(backing.port.portgroupKey)


def _backing(connection: Connection, identifier: str) -> Any:
    """Return what connects an interface to a network or distributed port group. Raises `Refused` without either."""
    group = connection.managed(vim.dvs.DistributedVirtualPortgroup, identifier)
    network = connection.managed(vim.Network, identifier)
    try:
        read = connection.properties(group, ["key", "config.distributedVirtualSwitch"])
        switch = connection.properties(read["config.distributedVirtualSwitch"], ["uuid"])
        port = vim.dvs.PortConnection(portgroupKey=read["key"], switchUuid=switch["uuid"])
        return vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)
    except vmodl.fault.ManagedObjectNotFound:
        pass  # a reference is answered to only by its exact type
    try:
        return vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(network=network, deviceName=network.name)
    except vmodl.fault.ManagedObjectNotFound:
        raise Refused(f"Network with ID {identifier} not found") from None


def _edit(device: Any) -> Any:
    return vim.vm.device.VirtualDeviceSpec(operation=vim.vm.device.VirtualDeviceSpec.Operation.edit, device=device)
