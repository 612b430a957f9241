"""From what vCenter says of a virtual machine to the properties of the official plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.vsphere_plugin.machine_spec import (
    KIB_PER_GIB,
    adapter_type,
    disks_of,
    interfaces_of,
    network_id,
    scsi_type,
)
from rehearsal.vsphere_plugin.places import location
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
# Settings of the plugin's own behaviour: no vCenter has them, so they are carried over from the state or the inputs.
_CARRIED = (
    "clone",
    "forcePowerOff",
    "replaceTrigger",
    "shutdownWaitTimeout",
    "waitForGuestIpTimeout",
    "waitForGuestNetTimeout",
)


def read_machine(connection: Connection, machine: Any, known: Properties) -> Properties:
    """Return all properties of a machine; `known` is its state or its inputs. One call, plus its place and tags."""
    read = connection.properties(machine, _PATHS)
    config = read["config"]
    _, folder = location(connection, read["parent"])
    carried = {name: known[name] for name in _CARRIED if name in known}
    return {
        **carried,
        **_settings(config),
        "name": read["name"],
        "folder": folder,
        "resourcePoolId": read["resourcePool"]._moId,
        "datastoreId": read["datastore"][0]._moId,
        "hostSystemId": read["runtime.host"]._moId,
        "powerState": _POWER[read["runtime.powerState"]],
        "moid": machine._moId,
        "uuid": config.uuid,
        "disks": _disks(config.hardware.device, known),
        "networkInterfaces": _interfaces(config.hardware.device),
        "scsiType": scsi_type(config.hardware.device),
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


def _disks(devices: list[Any], known: Properties) -> list[Properties]:
    labels = [entry.get("label", "") for entry in known.get("disks", [])]
    return [
        {
            "label": labels[index] if index < len(labels) else f"disk{index}",
            "size": disk.capacityInKB // KIB_PER_GIB,
            "thinProvisioned": bool(disk.backing.thinProvisioned),
            "uuid": disk.backing.uuid or "",
            "path": (disk.backing.fileName or "").partition("] ")[2],
            "key": disk.key,
        }
        for index, disk in enumerate(disks_of(devices))
    ]


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
