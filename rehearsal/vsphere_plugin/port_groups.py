"""Distributed port group, after vsphere/resource_vsphere_distributed_port_group.go; policies are the official ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl

from rehearsal.vsphere_plugin.connection import Refused, fault_text
from rehearsal.vsphere_plugin.resource import Found, ResourceKind

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties

_PortGroup = vim.dvs.DistributedVirtualPortgroup
_Switch = vim.dvs.VmwareDistributedVirtualSwitch
_NO_RESOURCE_POOL = "-1"


class DistributedPortGroup(ResourceKind):
    """A port group of a distributed switch, with one VLAN."""

    token = "vsphere:index/distributedPortGroup:DistributedPortGroup"
    computed = ("key", "configVersion", "numberOfPorts", "vlanId")

    def create(self, connection: Connection, inputs: Properties) -> Found:
        """Create it on its switch."""
        identifier = inputs["distributedVirtualSwitchUuid"]
        try:
            switch = connection.content.dvSwitchManager.QueryDvsByUuid(identifier)
        except (vim.fault.VimFault, vmodl.RuntimeFault) as fault:
            raise Refused(f'could not find DVS "{identifier}": {fault_text(fault)}') from None
        if switch is None:
            raise Refused(f'could not find DVS "{identifier}"')
        try:
            made = connection.wait(switch.CreateDVPortgroup_Task(_spec(inputs)))
        except Refused as refused:
            raise Refused(f"error waiting for portgroup creation to complete: {refused}") from None
        return _found(connection, made)

    def read(self, connection: Connection, identifier: str, state: Properties) -> Found | None:
        """Read it; an import is by inventory path. Like the official plugin, one that is gone is an error."""
        if state:
            return _found(connection, connection.managed(_PortGroup, identifier))
        group = connection.find(identifier)
        return _found(connection, group) if isinstance(group, _PortGroup) else None

    def update(self, connection: Connection, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Change everything but its switch; what the inputs leave to vCenter stays as the state has it."""
        group = connection.managed(_PortGroup, identifier)
        _found(connection, group)
        kept: Properties = {name: state[name] for name in ("configVersion", "numberOfPorts", "vlanId") if name in state}
        try:
            connection.wait(group.ReconfigureDVPortgroup_Task(_spec({**kept, **inputs})))
        except Refused as refused:
            raise Refused(f"error waiting for portgroup update to complete: {refused}") from None
        return _found(connection, group)

    def delete(self, connection: Connection, identifier: str, state: Properties) -> None:
        """Delete it; one that is in use is refused, and one that is gone is an error as for the official plugin."""
        del state
        group = connection.managed(_PortGroup, identifier)
        _found(connection, group)
        try:
            connection.wait(group.Destroy_Task())
        except Refused as refused:
            raise Refused(f"error waiting for portgroup deletion to complete: {refused}") from None


def _spec(inputs: Properties) -> Any:
    """Return what vCenter is told: the official plugin leaves out what is empty, and vCenter then keeps what it has."""
    policy = _Switch.VMwarePortgroupPolicy(
        blockOverrideAllowed=False,
        shapingOverrideAllowed=False,
        vendorConfigOverrideAllowed=False,
        livePortMovingAllowed=False,
        portConfigResetAtDisconnect=False,
        vlanOverrideAllowed=False,
        uplinkTeamingOverrideAllowed=False,
        securityPolicyOverrideAllowed=False,
    )
    vlan = _Switch.VlanIdSpec(inherited=False, vlanId=inputs["vlanId"]) if inputs.get("vlanId") else None
    return _PortGroup.ConfigSpec(
        configVersion=inputs.get("configVersion") or None,
        name=inputs["name"],
        numPorts=inputs.get("numberOfPorts") or None,
        defaultPortConfig=_Switch.VmwarePortConfigPolicy(vlan=vlan),
        description=inputs.get("description") or None,
        type=inputs["type"],
        policy=policy,
        autoExpand=inputs["autoExpand"],
        vmVnicNetworkResourcePoolKey=_NO_RESOURCE_POOL,
    )


def _found(connection: Connection, group: Any) -> Found:
    """Return a port group as it is. Raises `Refused` when it is gone."""
    try:
        read = connection.properties(group, ["key", "config"])
    except vmodl.fault.ManagedObjectNotFound as fault:
        raise Refused(f'could not find portgroup "{group._moId}": {fault_text(fault)}') from None
    config = read["config"]
    switch = connection.properties(config.distributedVirtualSwitch, ["uuid"])
    vlan = getattr(config.defaultPortConfig, "vlan", None)
    return Found(
        group._moId,
        {
            "key": read["key"],
            "name": config.name,
            "distributedVirtualSwitchUuid": switch["uuid"],
            "configVersion": config.configVersion or "",
            "description": config.description or "",
            "type": config.type,
            "numberOfPorts": config.numPorts,
            "autoExpand": bool(config.autoExpand),
            "vlanId": vlan.vlanId if isinstance(vlan, _Switch.VlanIdSpec) else None,
        },
    )
