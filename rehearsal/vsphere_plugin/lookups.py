"""Data sources, with the official plugin's words for what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from rehearsal.vsphere_plugin.connection import Refused
from rehearsal.vsphere_plugin.machine_spec import KIB_PER_GIB, disks_of, interfaces_of, network_id, scsi_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties


def look_up(connection: Connection, token: str, arguments: Properties) -> Properties:
    """Answer a data source. Raises `Refused` for one that is not served, or with arguments that are not."""
    served = _LOOKUPS.get(token)
    if served is None:
        raise Refused(f"the vSphere plugin for rehearsals does not serve {token}")
    unknown = sorted(set(arguments) - {"name", "datacenterId"})
    if unknown:
        raise Refused(f"the vSphere plugin for rehearsals does not serve {', '.join(unknown)} of {token}")
    return served(connection, arguments)


def _datacenter(connection: Connection, arguments: Properties) -> Properties:
    found = connection.find(f"/{arguments['name']}")
    if not isinstance(found, vim.Datacenter):
        raise Refused(f"error fetching datacenter: datacenter '{arguments['name']}' not found")
    return {"id": found._moId, "name": arguments["name"], "virtualMachines": []}


def _cluster(connection: Connection, arguments: Properties) -> Properties:
    found = _below(connection, arguments, "host", vim.ClusterComputeResource)
    if found is None:
        raise Refused(f"error loading cluster: cluster '{arguments['name']}' not found")
    return {"id": found._moId, "resourcePoolId": found.resourcePool._moId, **arguments}


def _datastore(connection: Connection, arguments: Properties) -> Properties:
    found = _below(connection, arguments, "datastore", vim.Datastore)
    if found is None:
        raise Refused(f"error fetching datastore: datastore '{arguments['name']}' not found")
    return {"id": found._moId, **arguments}


def _network(connection: Connection, arguments: Properties) -> Properties:
    found = _below(connection, arguments, "network", vim.Network)
    if found is None:
        raise Refused(f"Network {arguments['name']} not found")
    return {"id": found._moId, "type": type(found).__name__.rpartition(".")[2], **arguments}


def _machine(connection: Connection, arguments: Properties) -> Properties:
    found = _below(connection, arguments, "vm", vim.VirtualMachine)
    if found is None:
        raise Refused(f"error fetching virtual machine: vm '{arguments['name']}' not found")
    config = found.config
    devices = config.hardware.device
    return {
        "id": config.uuid,
        "uuid": config.uuid,
        "moid": found._moId,
        "guestId": config.guestId,
        "firmware": config.firmware,
        "numCpus": config.hardware.numCPU,
        "memory": config.hardware.memoryMB,
        "hardwareVersion": int(config.version.removeprefix("vmx-")),
        "scsiType": scsi_type(devices),
        "disks": [{"label": d.deviceInfo.label, "size": d.capacityInKB // KIB_PER_GIB} for d in disks_of(devices)],
        "networkInterfaces": [{"networkId": network_id(card)} for card in interfaces_of(devices)],
        **arguments,
    }


def _below(connection: Connection, arguments: Properties, root: str, kind: type) -> Any:
    """Return the object of a kind with a name in a datacenter's root folder, or None."""
    datacenter = connection.managed(vim.Datacenter, arguments["datacenterId"])
    found = connection.find(f"/{datacenter.name}/{root}/{arguments['name']}")
    return found if isinstance(found, kind) else None


_LOOKUPS: dict[str, Callable[[Connection, Properties], Properties]] = {
    "vsphere:index/getDatacenter:getDatacenter": _datacenter,
    "vsphere:index/getComputeCluster:getComputeCluster": _cluster,
    "vsphere:index/getDatastore:getDatastore": _datastore,
    "vsphere:index/getNetwork:getNetwork": _network,
    "vsphere:index/getVirtualMachine:getVirtualMachine": _machine,
}
