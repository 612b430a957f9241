"""From what vCenter says of a virtual machine to the properties of the official plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from rehearsal.vsphere_plugin.disks import read_disks
from rehearsal.vsphere_plugin.machine_spec import adapter_type, interfaces_of, network_id, scsi_type
from rehearsal.vsphere_plugin.passthrough import passthrough_addresses
from rehearsal.vsphere_plugin.places import location
from rehearsal.vsphere_plugin.policies import disk_policy, machine_policy
from rehearsal.vsphere_plugin.tags import attached_tags

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties

_PATHS = [
    "name",
    "config",
    "runtime.powerState",
    "runtime.host",
    "guest",
    "resourcePool",
    "parent",
    "datastore",
]
_POWER = {"poweredOn": "on", "poweredOff": "off", "suspended": "suspended"}
# What is not read from vCenter but carried over from the state or the inputs, as the official plugin does: mostly
# settings of the plugin's own behaviour.
_CARRIED = (
    "clone",
    "datastoreClusterId",
    "forcePowerOff",
    "replaceTrigger",
    "shutdownWaitTimeout",
    "waitForGuestIpTimeout",
    "waitForGuestNetTimeout",
)


def read_machine(connection: Connection, machine: Any, known: Properties) -> Properties:
    """Return all properties of a machine; `known` is its state or its inputs.

    One call, plus its place, tags and policies.
    """
    read = connection.properties(machine, _PATHS)
    config = read["config"]
    _, folder = location(connection, read["parent"])
    carried = {name: known[name] for name in _CARRIED if name in known}
    home = _home(read["datastore"], config.files.vmPathName)
    if known.get("imported") and isinstance(home.parent, vim.StoragePod):
        carried["datastoreClusterId"] = home.parent._moId
    return {
        **carried,
        **_settings(config),
        "name": read["name"],
        "folder": folder,
        "resourcePoolId": read["resourcePool"]._moId,
        "datastoreId": home._moId,
        "hostSystemId": read["runtime.host"]._moId,
        "powerState": _POWER[read["runtime.powerState"]],
        "moid": machine._moId,
        "uuid": config.uuid,
        "disks": read_disks(config.hardware.device, known, lambda disk: disk_policy(connection, machine, disk)),
        "networkInterfaces": _interfaces(config.hardware.device),
        "pciDeviceIds": passthrough_addresses(config.hardware.device),
        "scsiType": scsi_type(config.hardware.device),
        "storagePolicyId": machine_policy(connection, machine),
        "extraConfig": _extra_config(config, known),
        "tags": attached_tags(connection, "VirtualMachine", machine._moId),
        "imported": bool(known.get("imported", False)),
        "rebootRequired": False,
        **_guest(read.get("guest")),
    }


def _settings(config: Any) -> Properties:
    return {
        "annotation": config.annotation or "",
        "numCpus": config.hardware.numCPU,
        "memory": config.hardware.memoryMB,
        "memoryReservation": _reservation(config.memoryAllocation),
        "memoryReservationLockedToMax": bool(config.memoryReservationLockedToMax),
        "cpuReservation": _reservation(config.cpuAllocation),
        "guestId": config.guestId,
        "firmware": config.firmware,
        "hardwareVersion": int(config.version.removeprefix("vmx-")),
        "swapPlacementPolicy": config.swapPlacement,
        "enableDiskUuid": bool(config.flags.diskUuidEnabled),
        "eptRviMode": config.flags.virtualMmuUsage,
        "hvMode": config.flags.virtualExecUsage,
        "syncTimeWithHost": bool(config.tools and config.tools.syncTimeWithHostAllowed),
        "changeVersion": config.changeVersion,
        "vmxPath": config.files.vmPathName.partition("] ")[2],
    }


def _home(datastores: list[Any], file: str) -> Any:
    """Return the datastore that the machine's own file stands on; its disks may stand on others."""
    if len(datastores) == 1:
        return datastores[0]
    name = file.partition("]")[0].removeprefix("[")
    return next(datastore for datastore in datastores if datastore.name == name)


def _reservation(allocation: Any) -> int:
    return int(allocation.reservation or 0) if allocation else 0


def _interfaces(devices: list[Any]) -> list[Properties]:
    return [
        {
            "networkId": network_id(card),
            "adapterType": adapter_type(card),
            "macAddress": card.macAddress or "",
            "key": card.key,
        }
        for card in interfaces_of(devices)
    ]


def _extra_config(config: Any, known: Properties) -> Properties:
    """Return the extra configuration that the state or inputs name; a machine has many more keys of its own."""
    present = {option.key: option.value for option in config.extraConfig}
    return {key: present[key] for key in known.get("extraConfig", {}) if present.get(key)}


def _guest(guest: Any) -> Properties:
    addresses = [address for card in (guest.net if guest else []) or [] for address in card.ipAddress]
    status = guest.toolsRunningStatus if guest else None
    return {
        "guestIpAddresses": addresses,
        "defaultIpAddress": addresses[0] if addresses else "",
        "vmwareToolsStatus": status or "guestToolsNotRunning",
    }
