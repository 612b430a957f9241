"""Rule that keeps machines on different hosts, after resource_vsphere_compute_cluster_vm_anti_affinity_rule.go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl

from rehearsal.vsphere_plugin.connection import Refused, fault_text
from rehearsal.vsphere_plugin.machine import machine_by_uuid, not_found
from rehearsal.vsphere_plugin.resource import Found, ResourceKind

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties

_Operation = vim.option.ArrayUpdateSpec.Operation


class AntiAffinityRule(ResourceKind):
    """An anti-affinity rule of a cluster; it is known as `<cluster>:<key of the rule>`."""

    token = "vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule"

    def create(self, connection: Connection, inputs: Properties) -> Found:
        """Create it; every machine has to be there."""
        cluster = cluster_by_id(connection, inputs["computeClusterId"])
        _reconfigure(
            connection, cluster, vim.cluster.RuleSpec(operation=_Operation.add, info=_info(connection, inputs))
        )
        rule = _rule(connection, cluster, name=inputs["name"])
        if rule is None:
            raise Refused(f'no VM anti-affinity rule "{inputs["name"]}" found in cluster "{cluster.name}"')
        return _found(connection, cluster, rule)

    def read(self, connection: Connection, identifier: str, state: Properties) -> Found | None:
        """Read it; a rule that is gone is gone, a cluster that is gone is an error.

        An import is by a JSON object with `compute_cluster_path` and `name`.
        """
        if not state:
            return _import(connection, identifier)
        cluster, key = _parsed(connection, identifier)
        rule = _rule(connection, cluster, key=key)
        return None if rule is None else _found(connection, cluster, rule)

    def update(self, connection: Connection, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Change name, machines and switches."""
        del state
        cluster, key = _parsed(connection, identifier)
        info = _info(connection, inputs)
        info.key = key
        _reconfigure(connection, cluster, vim.cluster.RuleSpec(operation=_Operation.edit, info=info))
        rule = _rule(connection, cluster, key=key)
        if rule is None:
            raise Refused(f"rule key {key} in cluster {cluster.name!r} is gone")
        return _found(connection, cluster, rule)

    def delete(self, connection: Connection, identifier: str, state: Properties) -> None:
        """Remove it; like for the official plugin, one that is gone already is vCenter's to refuse."""
        del state
        cluster, key = _parsed(connection, identifier)
        _reconfigure(connection, cluster, vim.cluster.RuleSpec(operation=_Operation.remove, removeKey=key))


def _import(connection: Connection, names: str) -> Found | None:
    """Return what JSON names; as for machines, the official plugin's bridge turns every failure into nothing."""
    try:
        wanted = json.loads(names)
        cluster = connection.find(wanted["compute_cluster_path"])
        name = wanted["name"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(cluster, vim.ClusterComputeResource):
        return None
    rule = _rule(connection, cluster, name=name)
    return None if rule is None else _found(connection, cluster, rule)


def cluster_by_id(connection: Connection, identifier: str) -> Any:
    """Return the cluster with an identifier. Raises `Refused` with the official plugin's words when it is gone."""
    cluster = connection.managed(vim.ClusterComputeResource, identifier)
    try:
        connection.properties(cluster, ["name"])
    except vmodl.fault.ManagedObjectNotFound as fault:
        raise Refused(f"cannot locate cluster: {fault_text(fault)}") from None
    return cluster


def _parsed(connection: Connection, identifier: str) -> tuple[Any, int]:
    cluster, separator, key = identifier.partition(":")
    if not separator:
        raise Refused(f'bad ID "{identifier}"')
    return cluster_by_id(connection, cluster), int(key)


def _rule(connection: Connection, cluster: Any, *, key: int | None = None, name: str | None = None) -> Any:
    """Return the rule with a key or a name, or None. Raises `Refused` when it is of another kind."""
    configuration = connection.properties(cluster, ["configurationEx"])["configurationEx"]
    for rule in configuration.rule or []:
        if key == rule.key or (name is not None and name == rule.name):
            if isinstance(rule, vim.cluster.AntiAffinityRuleSpec):
                return rule
            named = f"rule key {key}" if name is None else f'rule "{name}"'
            raise Refused(f'{named} in cluster "{cluster.name}" is not a VM anti-affinity rule')
    return None


def _info(connection: Connection, inputs: Properties) -> Any:
    machines = []
    for uuid in inputs["virtualMachineIds"]:
        machine = machine_by_uuid(connection, uuid)
        if machine is None:
            raise Refused(not_found(uuid))
        machines.append(machine)
    return vim.cluster.AntiAffinityRuleSpec(
        name=inputs["name"],
        enabled=inputs.get("enabled", True),
        mandatory=inputs.get("mandatory", False),
        userCreated=True,
        vm=machines,
    )


def _reconfigure(connection: Connection, cluster: Any, change: Any) -> None:
    spec = vim.cluster.ConfigSpecEx(rulesSpec=[change])
    connection.wait(cluster.ReconfigureComputeResource_Task(spec, True))  # noqa: FBT003 - pyvmomi's signature


def _found(connection: Connection, cluster: Any, rule: Any) -> Found:
    """Return a rule as it is. Raises `Refused` when it names a machine that is gone."""
    try:
        uuids = [connection.properties(machine, ["config.uuid"])["config.uuid"] for machine in rule.vm]
    except vmodl.fault.ManagedObjectNotFound as fault:
        raise Refused(fault_text(fault)) from None
    return Found(
        f"{cluster._moId}:{rule.key}",
        {
            "computeClusterId": cluster._moId,
            "name": rule.name,
            "enabled": bool(rule.enabled),
            "mandatory": bool(rule.mandatory),
            "virtualMachineIds": sorted(uuids),
        },
    )
