"""What the scheduler may do with one machine, after resource_vsphere_drs_vm_override.go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pyVmomi import VmomiSupport, vim

from rehearsal.vsphere_plugin.connection import Refused
from rehearsal.vsphere_plugin.machine import machine_by_uuid, not_found
from rehearsal.vsphere_plugin.resource import Found, ResourceKind
from rehearsal.vsphere_plugin.rules import cluster_by_id

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties

_Operation = vim.option.ArrayUpdateSpec.Operation

# What is removed is named by a reference in a place of any type. pyvmomi calls that type `ManagedObject`; its name in
# vSphere's definition is this one, and the simulator ends at any other.
VmomiSupport._wsdlNameMap[VmomiSupport.ManagedObject] = ("urn:vim25", "ManagedObjectReference")


class DrsOverride(ResourceKind):
    """An override of a cluster's automation for a machine; it is known as `<cluster>:<UUID of the machine>`."""

    token = "vsphere:index/drsVmOverride:DrsVmOverride"

    def create(self, connection: Connection, inputs: Properties) -> Found:
        """Create it; cluster and machine have to be there."""
        cluster, machine = _objects(connection, inputs["computeClusterId"], inputs["virtualMachineId"])
        _reconfigure(connection, cluster, _change(_Operation.add, machine, inputs))
        return _made(connection, cluster, machine, inputs["virtualMachineId"])

    def read(self, connection: Connection, identifier: str, state: Properties) -> Found | None:
        """Read it; one that is gone is gone, a cluster or machine that is gone is an error.

        An import is by a JSON object with `compute_cluster_path` and `virtual_machine_path`.
        """
        if not state:
            return _import(connection, identifier)
        cluster, machine, uuid = _parsed(connection, identifier)
        return _found(connection, cluster, machine, uuid)

    def update(self, connection: Connection, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Change it. The official plugin adds it again, which a vCenter takes for this change."""
        del state
        cluster, machine, uuid = _parsed(connection, identifier)
        _reconfigure(connection, cluster, _change(_Operation.edit, machine, inputs))
        return _made(connection, cluster, machine, uuid)

    def delete(self, connection: Connection, identifier: str, state: Properties) -> None:
        """Remove it; like for the official plugin, a machine that is gone is an error."""
        del state
        cluster, machine, _ = _parsed(connection, identifier)
        removal = vim.cluster.DrsVmConfigSpec(operation=_Operation.remove, removeKey=machine)
        _reconfigure(connection, cluster, removal)


def _import(connection: Connection, names: str) -> Found | None:
    """Return what JSON names; the official plugin's bridge turns every failure of an import into nothing."""
    try:
        wanted = json.loads(names)
        cluster = connection.find(wanted["compute_cluster_path"])
        machine = connection.find(wanted["virtual_machine_path"])
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(cluster, vim.ClusterComputeResource) or not isinstance(machine, vim.VirtualMachine):
        return None
    uuid = connection.properties(machine, ["config.uuid"])["config.uuid"]
    return _found(connection, cluster, machine, uuid)


def _objects(connection: Connection, cluster_id: str, uuid: str) -> tuple[Any, Any]:
    cluster = cluster_by_id(connection, cluster_id)
    machine = machine_by_uuid(connection, uuid)
    if machine is None:
        raise Refused(f"cannot locate virtual machine: {not_found(uuid)}")
    return cluster, machine


def _parsed(connection: Connection, identifier: str) -> tuple[Any, Any, str]:
    cluster_id, separator, uuid = identifier.partition(":")
    if not separator:
        raise Refused(f'bad ID "{identifier}"')
    return *_objects(connection, cluster_id, uuid), uuid


def _change(operation: Any, machine: Any, inputs: Properties) -> Any:
    info = vim.cluster.DrsVmConfigInfo(
        key=machine,
        enabled=inputs.get("drsEnabled", False),
        behavior=inputs.get("drsAutomationLevel", "manual"),
    )
    return vim.cluster.DrsVmConfigSpec(operation=operation, info=info)


def _reconfigure(connection: Connection, cluster: Any, change: Any) -> None:
    spec = vim.cluster.ConfigSpecEx(drsVmConfigSpec=[change])
    connection.wait(cluster.ReconfigureComputeResource_Task(spec, True))  # noqa: FBT003 - pyvmomi's signature


def _made(connection: Connection, cluster: Any, machine: Any, uuid: str) -> Found:
    found = _found(connection, cluster, machine, uuid)
    if found is None:
        raise Refused(f"{cluster._moId}:{uuid}: vCenter did not keep it")
    return found


def _found(connection: Connection, cluster: Any, machine: Any, uuid: str) -> Found | None:
    configuration = connection.properties(cluster, ["configurationEx"])["configurationEx"]
    for entry in configuration.drsVmConfig or []:
        if entry.key._moId == machine._moId:
            properties = {
                "computeClusterId": cluster._moId,
                "virtualMachineId": uuid,
                "drsEnabled": bool(entry.enabled),
                "drsAutomationLevel": str(entry.behavior),
            }
            return Found(f"{cluster._moId}:{uuid}", properties)
    return None
