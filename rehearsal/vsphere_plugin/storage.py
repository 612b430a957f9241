"""Datastore clusters, after internal/helper/storagepod/storage_pod_helper.go: vCenter recommends, the plugin applies.

A machine with a datastore cluster is cloned, given new disks and moved through recommendations only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl

from rehearsal.vsphere_plugin.connection import Refused, fault_text
from rehearsal.vsphere_plugin.disks import makes_disks, new_disks

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties

_Placement = vim.storageDrs.StoragePlacementSpec
_Selection = vim.storageDrs.PodSelectionSpec


class DatastoreCluster:
    """A datastore cluster that has the storage scheduler switched on. Raises `Refused` when it has not."""

    def __init__(self, connection: Connection, identifier: str) -> None:
        self._connection = connection
        self._pod = connection.managed(vim.StoragePod, identifier)
        try:
            read = connection.properties(self._pod, ["name", "podStorageDrsEntry"])
        except vmodl.fault.ManagedObjectNotFound as fault:
            raise Refused(f"error getting datastore cluster: {fault_text(fault)}") from None
        self.name: str = read["name"]
        entry = read.get("podStorageDrsEntry")
        self._enabled = bool(entry and entry.storageDrsConfig.podConfig.enabled)

    def clone(self, template: Any, folder: Any, name: str, spec: Any) -> Any:
        """Clone a template onto one of the cluster's datastores and return the machine."""
        placement = _Placement(
            type=_Placement.PlacementType.clone,
            folder=folder,
            vm=template,
            cloneName=name,
            cloneSpec=spec,
            podSelectionSpec=_Selection(storagePod=self._pod),
        )
        return self._apply(placement, "error cloning on datastore cluster")

    def reconfigure(self, machine: Any, spec: Any) -> None:
        """Change the configuration of a machine that gets new disks by it."""
        locators = [
            _Selection.DiskLocator(diskId=disk.key, diskBackingInfo=disk.backing)
            for disk in new_disks(spec.deviceChange)
        ]
        placement = _Placement(
            type=_Placement.PlacementType.reconfigure,
            vm=machine,
            configSpec=spec,
            podSelectionSpec=_Selection(
                initialVmConfig=[_Selection.VmPodConfig(storagePod=self._pod, disk=locators)],
            ),
        )
        self._apply(placement, "error reconfiguring VM on datastore cluster")

    def relocate(self, machine: Any, spec: Any) -> None:
        """Move a machine onto one of the cluster's datastores."""
        placement = _Placement(
            type=_Placement.PlacementType.relocate,
            vm=machine,
            priority=vim.VirtualMachine.MovePriority.defaultPriority,
            relocateSpec=spec,
            podSelectionSpec=_Selection(storagePod=self._pod),
        )
        self._apply(placement, "error running vMotion on datastore cluster")

    def holds(self, datastore: str) -> bool:
        """Whether a datastore is one of the cluster's."""
        managed = self._connection.managed(vim.Datastore, datastore)
        parent = self._connection.properties(managed, ["parent"]).get("parent")
        return bool(parent is not None and parent._moId == self._pod._moId)

    def _apply(self, placement: Any, what_failed: str) -> Any:
        try:
            return self._applied(placement)
        except Refused as refused:
            raise Refused(f'{what_failed} "{self.name}": {refused}') from None

    def _applied(self, placement: Any) -> Any:
        if not self._enabled:
            raise Refused(f'storage DRS is not enabled on datastore cluster "{self.name}"')
        manager = self._connection.content.storageResourceManager
        try:
            found = manager.RecommendDatastores(placement).recommendations
        except (vim.fault.VimFault, vmodl.RuntimeFault) as fault:
            raise Refused(fault_text(fault)) from None
        if not found:
            raise Refused(
                f'no storage DRS recommendations were found for the requested action (type: "{placement.type}")'
            )
        best = max(found, key=lambda recommendation: recommendation.rating)
        return self._connection.wait(manager.ApplyStorageDrsRecommendation_Task([best.key])).vm


def reconfigure(connection: Connection, machine: Any, spec: Any, inputs: Properties) -> None:
    """Reconfigure a machine; with a datastore cluster, new disks are placed by it. Raises `Refused`."""
    if inputs.get("datastoreClusterId") and makes_disks(spec.deviceChange):
        DatastoreCluster(connection, inputs["datastoreClusterId"]).reconfigure(machine, spec)
    else:
        connection.wait(machine.ReconfigVM_Task(spec))


def relocate(connection: Connection, machine: Any, inputs: Properties) -> None:
    """Move a machine to the pool, host and datastore or datastore cluster of its inputs. Raises `Refused`."""
    pool = connection.managed(vim.ResourcePool, inputs["resourcePoolId"])
    spec = vim.vm.RelocateSpec(pool=pool, host=host_of(connection, pool, inputs))
    if inputs.get("datastoreClusterId"):
        DatastoreCluster(connection, inputs["datastoreClusterId"]).relocate(machine, spec)
        return
    if inputs.get("datastoreId"):
        spec.datastore = connection.managed(vim.Datastore, inputs["datastoreId"])
    connection.wait(machine.RelocateVM_Task(spec))


def host_of(connection: Connection, pool: Any, inputs: Properties) -> Any:
    """Return the host that the inputs ask for, or None. Raises `Refused` for one outside the pool's cluster."""
    identifier = inputs.get("hostSystemId")
    if not identifier:
        return None
    owner = connection.properties(pool, ["owner"])["owner"]
    for host in connection.properties(owner, ["host"]).get("host", []):
        if host._moId == identifier:
            return host
    raise Refused(f'host ID "{identifier}" is not a member of resource pool "{pool._moId}"')
