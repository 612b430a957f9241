"""Identifiers of things in vCenter, as the vSphere plugin writes them."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim, vmodl

from infra.vsphere.session import VCenter, find


def identifier_at(instance: VCenter, inventory_path: str) -> str | None:
    """Return the managed object identifier of what stands at an inventory path, or None."""
    found = find(instance, inventory_path)
    return None if found is None else str(found._moId)


def pool_identifier(instance: VCenter, parent: str, name: str) -> str | None:
    """Return the identifier of the resource pool of a name below a parent pool, given by its identifier, or None."""
    for pool in _read(vim.ResourcePool(parent, instance._stub), "resourcePool") or []:
        if pool.name == name:
            return str(pool._moId)
    return None


def rule_identifier(instance: VCenter, cluster: str, name: str) -> str | None:
    """Return `<cluster>:<key>` of the rule of a name in a cluster, given by its identifier, or None."""
    configuration = _read(vim.ClusterComputeResource(cluster, instance._stub), "configurationEx")
    for rule in configuration.rule if configuration else []:
        if rule.name == name:
            return f"{cluster}:{rule.key}"
    return None


def override_identifier(instance: VCenter, cluster: str, uuid: str) -> str | None:
    """Return `<cluster>:<uuid>` when a cluster has DRS settings of its own for the machine of a BIOS UUID, or None."""
    configuration = _read(vim.ClusterComputeResource(cluster, instance._stub), "configurationEx")
    machine = instance.content.searchIndex.FindByUuid(None, uuid, vmSearch=True, instanceUuid=False)
    there = machine is not None and any(
        each.key == machine for each in (configuration.drsVmConfig if configuration else [])
    )
    return f"{cluster}:{uuid}" if there else None


def _read(managed: Any, name: str) -> Any:
    try:
        return getattr(managed, name)
    except vmodl.fault.ManagedObjectNotFound:
        return None
