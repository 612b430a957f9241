"""Data sources, with the official plugin's words for what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from rehearsal.vsphere_plugin.connection import Refused
from rehearsal.vsphere_plugin.disks import disks_of, size_gib, unit_number
from rehearsal.vsphere_plugin.machine_spec import interfaces_of, network_id, scsi_type
from rehearsal.vsphere_plugin.places import location
from rehearsal.vsphere_plugin.policies import policy_by_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties


def look_up(connection: Connection, token: str, arguments: Properties) -> Properties:
    """Answer a data source. Raises `Refused` for one that is not served, or with arguments that are not."""
    served = _LOOKUPS.get(token)
    if served is None:
        raise Refused(f"the vSphere plugin for rehearsals does not serve {token}")
    known = {"name"} if served in (_datacenter, _policy) else {"name", "datacenterId"}
    unknown = sorted(set(arguments) - known)
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


def _host(connection: Connection, arguments: Properties) -> Properties:
    """Return a host by its name, or by its path below the datacenter's folder of hosts."""
    found = _below(connection, arguments, "host", vim.HostSystem) or _host_of_a_cluster(connection, arguments)
    if found is None:
        raise Refused(f"error fetching host: host '{arguments['name']}' not found")
    return {"id": found._moId, "resourcePoolId": found.parent.resourcePool._moId, **arguments}


def _host_of_a_cluster(connection: Connection, arguments: Properties) -> Any:
    datacenter = connection.managed(vim.Datacenter, arguments["datacenterId"])
    view = connection.content.viewManager.CreateContainerView(datacenter.hostFolder, [vim.HostSystem], True)  # noqa: FBT003
    try:
        return next((host for host in view.view if host.name == arguments["name"]), None)
    finally:
        view.Destroy()


def _datastore(connection: Connection, arguments: Properties) -> Properties:
    found = _below(connection, arguments, "datastore", vim.Datastore) or _in_a_cluster(connection, arguments)
    if found is None:
        raise Refused(f"error fetching datastore: datastore '{arguments['name']}' not found")
    return {"id": found._moId, **arguments}


def _in_a_cluster(connection: Connection, arguments: Properties) -> Any:
    """Return the datastore of a name that stands in one of the datacenter's datastore clusters, or None."""
    datacenter = connection.managed(vim.Datacenter, arguments["datacenterId"])
    clusters = [child for child in datacenter.datastoreFolder.childEntity if isinstance(child, vim.StoragePod)]
    stores = (store for cluster in clusters for store in cluster.childEntity)
    return next((store for store in stores if store.name == arguments["name"]), None)


def _datastore_cluster(connection: Connection, arguments: Properties) -> Properties:
    found = _below(connection, arguments, "datastore", vim.StoragePod)
    if found is None:
        raise Refused(f"error loading datastore cluster: datastore cluster '{arguments['name']}' not found")
    return {"id": found._moId, "datastores": sorted(child.name for child in found.childEntity), **arguments}


def _switch(connection: Connection, arguments: Properties) -> Properties:
    found = _below(connection, arguments, "network", vim.ManagedEntity)
    if found is None:
        raise Refused(f"error fetching distributed virtual switch: network '{arguments['name']}' not found")
    if not isinstance(found, vim.dvs.VmwareDistributedVirtualSwitch):
        raise Refused(
            f'error fetching distributed virtual switch: network at path "{arguments["name"]}" is not a VMware '
            f"distributed virtual switch (type {_kind(found)})"
        )
    uplinks = found.config.uplinkPortPolicy.uplinkPortName
    return {"id": found.uuid, "uplinks": list(uplinks), **arguments}


def _policy(connection: Connection, arguments: Properties) -> Properties:
    return {"id": policy_by_name(connection, arguments["name"]), **arguments}


def _network(connection: Connection, arguments: Properties) -> Properties:
    found = _below(connection, arguments, "network", vim.Network)
    if found is None:
        raise Refused(f"Network {arguments['name']} not found")
    return {"id": found._moId, "type": _kind(found), **arguments}


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
        "annotation": config.annotation or "",
        "folder": _folder_path(connection, found),
        "guestId": config.guestId,
        "firmware": config.firmware,
        "numCpus": config.hardware.numCPU,
        "memory": config.hardware.memoryMB,
        "hardwareVersion": int(config.version.removeprefix("vmx-")),
        "scsiType": scsi_type(devices),
        "disks": [_disk(disk, devices) for disk in disks_of(devices)],
        "networkInterfaces": [{"networkId": network_id(card)} for card in interfaces_of(devices)],
        **arguments,
    }


def _folder_path(connection: Connection, machine: Any) -> str:
    """Return the inventory path of a machine's folder, such as /dc-01/vm/templates/linux."""
    datacenter, path = location(connection, machine.parent)
    return f"/{datacenter.name}/vm/{path}".rstrip("/")


def _disk(disk: Any, devices: list[Any]) -> Properties:
    return {
        "label": disk.deviceInfo.label,
        "size": size_gib(disk),
        "thinProvisioned": bool(disk.backing.thinProvisioned),
        "eagerlyScrub": bool(disk.backing.eagerlyScrub),
        "unitNumber": unit_number(disk, devices),
    }


def _kind(found: Any) -> str:
    return type(found).__name__.rpartition(".")[2]


def _below(connection: Connection, arguments: Properties, root: str, kind: type) -> Any:
    """Return the object of a kind with a name in a datacenter's root folder, or None."""
    datacenter = connection.managed(vim.Datacenter, arguments["datacenterId"])
    found = connection.find(f"/{datacenter.name}/{root}/{arguments['name']}")
    return found if isinstance(found, kind) else None


_LOOKUPS: dict[str, Callable[[Connection, Properties], Properties]] = {
    "vsphere:index/getDatacenter:getDatacenter": _datacenter,
    "vsphere:index/getComputeCluster:getComputeCluster": _cluster,
    "vsphere:index/getDatastore:getDatastore": _datastore,
    "vsphere:index/getDatastoreCluster:getDatastoreCluster": _datastore_cluster,
    "vsphere:index/getDistributedVirtualSwitch:getDistributedVirtualSwitch": _switch,
    "vsphere:index/getHost:getHost": _host,
    "vsphere:index/getNetwork:getNetwork": _network,
    "vsphere:index/getPolicy:getPolicy": _policy,
    "vsphere:index/getVirtualMachine:getVirtualMachine": _machine,
}
