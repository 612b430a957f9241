"""Folder and resource pool, after vsphere/resource_vsphere_folder.go and resource_vsphere_resource_pool.go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl

from rehearsal.vsphere_plugin.connection import Refused, fault_text
from rehearsal.vsphere_plugin.resource import Found, ResourceKind

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties


class Folder(ResourceKind):
    """A folder of virtual machines."""

    token = "vsphere:index/folder:Folder"

    def create(self, connection: Connection, inputs: Properties) -> Found:
        """Create it below its parent path."""
        parent_path, _, name = inputs["path"].rpartition("/")
        datacenter = connection.managed(vim.Datacenter, inputs["datacenterId"])
        parent = folder_at(connection, datacenter, parent_path)
        try:
            folder = parent.CreateFolder(name)
        except vim.fault.DuplicateName as fault:
            raise Refused(f"error creating targetFolder: {fault_text(fault)}") from None
        return self._found(connection, folder)

    def read(self, connection: Connection, identifier: str, state: Properties) -> Found | None:
        """Read it; like the official plugin, one that is gone is an error."""
        del state
        folder = connection.find(identifier) if "/" in identifier else connection.managed(vim.Folder, identifier)
        if folder is None:
            raise Refused(f"cannot locate folder: folder '{identifier}' not found")
        return self._found(connection, folder)

    def update(self, connection: Connection, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Rename or move it."""
        folder = connection.managed(vim.Folder, identifier)
        old_parent, _, old_name = state["path"].rpartition("/")
        new_parent, _, new_name = inputs["path"].rpartition("/")
        if old_name != new_name:
            connection.wait(folder.Rename_Task(new_name))
        if old_parent != new_parent:
            datacenter = connection.managed(vim.Datacenter, inputs["datacenterId"])
            connection.wait(folder_at(connection, datacenter, new_parent).MoveIntoFolder_Task([folder]))
        return self._found(connection, folder)

    def delete(self, connection: Connection, identifier: str, state: Properties) -> None:
        """Delete it; a folder with something in it is refused."""
        del state
        folder = connection.managed(vim.Folder, identifier)
        try:
            children = folder.childEntity
        except vmodl.fault.ManagedObjectNotFound:
            raise Refused(f"cannot locate folder: {identifier}") from None
        if children:
            raise Refused("folder is not empty, please remove all items before deleting")
        connection.wait(folder.Destroy_Task())

    def _found(self, connection: Connection, folder: Any) -> Found:
        try:
            datacenter, path = location(connection, folder)
        except vmodl.fault.ManagedObjectNotFound:
            raise Refused(f"cannot locate folder: {folder._moId}") from None
        return Found(folder._moId, {"path": path, "type": "vm", "datacenterId": datacenter._moId})


class ResourcePool(ResourceKind):
    """A resource pool without reservations or limits."""

    token = "vsphere:index/resourcePool:ResourcePool"

    def create(self, connection: Connection, inputs: Properties) -> Found:
        """Create it below its parent pool."""
        parent = connection.managed(vim.ResourcePool, inputs["parentResourcePoolId"])
        try:
            pool = parent.CreateResourcePool(inputs["name"], _unlimited())
        except vim.fault.DuplicateName as fault:
            raise Refused(fault_text(fault)) from None
        return self._found(connection, pool)

    def read(self, connection: Connection, identifier: str, state: Properties) -> Found | None:
        """Read it."""
        del state
        pool = connection.find(identifier) if "/" in identifier else connection.managed(vim.ResourcePool, identifier)
        try:
            return None if pool is None else self._found(connection, pool)
        except vmodl.fault.ManagedObjectNotFound:
            return None

    def update(self, connection: Connection, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Rename or move it."""
        pool = connection.managed(vim.ResourcePool, identifier)
        if state["parentResourcePoolId"] != inputs["parentResourcePoolId"]:
            connection.managed(vim.ResourcePool, inputs["parentResourcePoolId"]).MoveIntoResourcePool([pool])
        pool.UpdateConfig(inputs["name"], None)
        return self._found(connection, pool)

    def delete(self, connection: Connection, identifier: str, state: Properties) -> None:
        """Delete it; a pool with something in it is refused."""
        pool = connection.managed(vim.ResourcePool, identifier)
        held = connection.properties(pool, ["vm", "resourcePool"])
        if held.get("vm") or held.get("resourcePool"):
            raise Refused(
                f'resource pool "{state.get("name")}" still has children resources. '
                "Please move or remove all items before deleting"
            )
        connection.wait(pool.Destroy_Task())

    def _found(self, connection: Connection, pool: Any) -> Found:
        read = connection.properties(pool, ["name", "parent"])
        return Found(pool._moId, {"name": read["name"], "parentResourcePoolId": read["parent"]._moId})


def folder_at(connection: Connection, datacenter: Any, path: str) -> Any:
    """Return the virtual machine folder at a path below a datacenter's root folder of that kind."""
    read = connection.properties(datacenter, ["name", "vmFolder"])
    if not path:
        return read["vmFolder"]
    _, above = location(connection, datacenter)
    folder = connection.find(f"{above}/{read['name']}/vm/{path}".replace("//", "/"))
    if not isinstance(folder, vim.Folder):
        raise Refused(f"folder '{path}' not found")
    return folder


def location(connection: Connection, entity: Any) -> tuple[Any, str]:
    """Return the datacenter that an entity stands in, and its path below that datacenter's root folder."""
    names: list[str] = []
    while entity is not None and not isinstance(entity, vim.Datacenter):
        read = connection.properties(entity, ["name", "parent"])
        names.append(read["name"])
        entity = read.get("parent")
    if entity is None:
        return None, ""
    return entity, "/".join(reversed(names[:-1]))


def _unlimited() -> Any:
    def allocation() -> Any:
        shares = vim.SharesInfo(level=vim.SharesInfo.Level.normal, shares=0)
        return vim.ResourceAllocationInfo(reservation=0, expandableReservation=True, limit=-1, shares=shares)

    return vim.ResourceConfigSpec(cpuAllocation=allocation(), memoryAllocation=allocation())
