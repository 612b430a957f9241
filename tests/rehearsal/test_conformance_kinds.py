"""The suite for the kinds besides machines: distributed port groups and rules that keep machines apart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.plugin import PORT_GROUP, RULE, PluginFailed, Resource
from tests.support.plugin_site import Site, conformance_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal


@pytest.fixture(scope="module")
def site(checkout: Checkout) -> Iterator[Site]:
    with conformance_site(checkout) as started:
        yield started


def made(site: Site, token: str, inputs: dict[str, Any]) -> Resource:
    return site.plugin.create(token, "tried", site.filled(inputs))


def changed(site: Site, resource: Resource, **changes: Any) -> dict[str, Any]:
    """Return a resource's inputs with changes; None takes an input away."""
    wanted = {**resource.inputs, **site.filled(changes)}
    return {name: value for name, value in wanted.items() if value is not None and not name.startswith("__")}


def assert_updated(site: Site, resource: Resource, wanted: dict[str, Any], property_: str) -> None:
    found = site.plugin.diff(resource, wanted)
    assert found["replaces"] == []
    assert any(path == property_ or path.startswith(f"{property_}[") for path in found["paths"])
    before = resource.id
    site.plugin.update(resource, wanted)
    assert resource.id == before
    site.assert_quiet(resource, wanted)


def gone(resource: Resource) -> Resource:
    return Resource(resource.token, resource.name, resource.inputs, resource.id, resource.state)


# Distributed port groups


@pytest.fixture
def port_group(site: Site) -> Iterator[Resource]:
    found = made(site, PORT_GROUP, {"name": "tried", "distributedVirtualSwitchUuid": "SWITCH", "vlanId": 110})
    yield found
    if found.id:
        site.plugin.delete(found)


def test_port_group_has_defaults_and_outputs(site: Site, port_group: Resource) -> None:
    found = {name: port_group.state[name] for name in ("name", "vlanId", "type", "autoExpand", "key")}
    assert found == {
        "name": "tried",
        "vlanId": 110,
        "type": "earlyBinding",
        "autoExpand": True,
        "key": port_group.id,
    }
    assert "configVersion" in port_group.state
    assert "numberOfPorts" in port_group.state
    site.assert_quiet(port_group, changed(site, port_group))
    looked_up = site.look_up("getNetwork", "tried")
    assert (looked_up["id"], looked_up["type"]) == (port_group.id, "DistributedVirtualPortgroup")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "renamed"),
        ("vlanId", 120),
        ("description", "of the suite"),
        ("type", "ephemeral"),
        ("autoExpand", False),
        ("numberOfPorts", 16),
    ],
)
def test_port_group_is_updated_in_place(site: Site, port_group: Resource, name: str, value: Any) -> None:
    wanted = changed(site, port_group, **{name: value})
    assert_updated(site, port_group, wanted, name)
    assert port_group.state[name] == value


def test_description_that_is_left_out_stays_and_is_shown_by_every_preview(site: Site, port_group: Resource) -> None:
    """The plugin does not send an empty description, so vCenter keeps the one it has."""
    site.plugin.update(port_group, changed(site, port_group, description="of the suite"))
    wanted = changed(site, port_group, description=None)
    site.plugin.update(port_group, wanted)
    assert port_group.state["description"] == "of the suite"
    assert site.plugin.diff(port_group, wanted)["paths"] == ["description"]


def test_port_group_of_another_switch_is_another(site: Site, port_group: Resource) -> None:
    found = site.plugin.diff(port_group, changed(site, port_group, distributedVirtualSwitchUuid="OTHER_SWITCH"))
    assert found["replaces"] == ["distributedVirtualSwitchUuid"]


def test_port_group_name_that_is_taken_is_refused(site: Site, port_group: Resource) -> None:
    with pytest.raises(PluginFailed, match="error waiting for portgroup creation to complete: "):
        made(site, PORT_GROUP, changed(site, port_group))


def test_port_group_of_a_switch_that_is_not_there_is_refused(site: Site) -> None:
    with pytest.raises(PluginFailed, match='could not find DVS "00 00"'):
        made(site, PORT_GROUP, {"name": "nowhere", "distributedVirtualSwitchUuid": "00 00"})


def test_port_group_in_use_is_not_deleted(site: Site, port_group: Resource) -> None:
    interfaces = [{"networkId": port_group.id, "adapterType": "vmxnet3"}]
    machine = site.machine(networkInterfaces=interfaces)
    try:
        assert machine.state["networkInterfaces"][0]["networkId"] == port_group.id
        site.assert_quiet(machine, site.changed({"networkInterfaces": interfaces}))
        with pytest.raises(PluginFailed, match="error waiting for portgroup deletion to complete: "):
            site.plugin.delete(port_group)
    finally:
        site.plugin.delete(machine)


def test_port_group_that_is_gone_is_an_error_at_refresh_and_delete(site: Site, port_group: Resource) -> None:
    known = gone(port_group)
    site.plugin.delete(port_group)
    port_group.id = ""
    with pytest.raises(PluginFailed, match=f'could not find portgroup "{known.id}"'):
        site.plugin.refresh(known)
    with pytest.raises(PluginFailed, match=f'could not find portgroup "{known.id}"'):
        site.plugin.delete(known)


def test_port_group_is_imported_by_its_path(site: Site, port_group: Resource) -> None:
    found = site.plugin.import_(PORT_GROUP, "/dc-01/network/tried")
    assert found["id"] == port_group.id
    adopted = Resource(PORT_GROUP, "tried", found["inputs"], found["id"], found["state"])
    assert not site.plugin.diff(adopted, changed(site, port_group))["changes"]
    assert site.plugin.import_(PORT_GROUP, "/dc-01/network/nobody")["id"] == ""


# Rules that keep machines apart


@pytest.fixture(scope="module")
def machines(site: Site) -> Iterator[list[Resource]]:
    found = [site.machine(name=name) for name in ("one", "two", "three")]
    yield found
    for machine in found:
        if machine.id:
            site.plugin.delete(machine)


@pytest.fixture
def rule(site: Site, machines: list[Resource]) -> Iterator[Resource]:
    members = [machine.id for machine in machines[:2]]
    found = made(site, RULE, {"name": "apart", "computeClusterId": "CLUSTER", "virtualMachineIds": members})
    yield found
    if found.id:
        site.plugin.delete(found)


def test_rule_has_defaults_and_is_quiet(site: Site, rule: Resource) -> None:
    cluster, key = rule.id.split(":")
    assert cluster == site.identifier("CLUSTER")
    assert int(key) > 0
    assert (rule.state["enabled"], rule.state["mandatory"]) == (True, False)
    site.assert_quiet(rule, changed(site, rule))
    order = list(reversed(rule.inputs["virtualMachineIds"]))
    assert not site.plugin.diff(rule, changed(site, rule, virtualMachineIds=order))["changes"]


@pytest.mark.parametrize(("name", "value"), [("name", "renamed"), ("enabled", False), ("mandatory", True)])
def test_rule_is_updated_in_place(site: Site, rule: Resource, name: str, value: Any) -> None:
    assert_updated(site, rule, changed(site, rule, **{name: value}), name)
    assert rule.state[name] == value


def test_rule_gets_another_machine(site: Site, rule: Resource, machines: list[Resource]) -> None:
    wanted = changed(site, rule, virtualMachineIds=[machine.id for machine in machines])
    assert_updated(site, rule, wanted, "virtualMachineIds")
    assert sorted(rule.state["virtualMachineIds"]) == sorted(machine.id for machine in machines)


def test_rule_that_is_no_more_mandatory(site: Site, rule: Resource) -> None:
    site.plugin.update(rule, changed(site, rule, mandatory=True))
    assert_updated(site, rule, changed(site, rule, mandatory=None), "mandatory")
    assert rule.state["mandatory"] is False


def test_rule_of_another_cluster_is_another(site: Site, rule: Resource) -> None:
    found = site.plugin.diff(rule, changed(site, rule, computeClusterId="OTHER_CLUSTER"))
    assert found["replaces"] == ["computeClusterId"]
    assert found["delete_before_replace"]


def test_rule_for_a_machine_that_is_not_there_is_refused(site: Site, rule: Resource) -> None:
    nobody = "99999999-0000-0000-0000-000000000000"
    members = [*rule.inputs["virtualMachineIds"], nobody]
    with pytest.raises(PluginFailed, match=f'virtual machine with UUID "{nobody}" not found'):
        made(site, RULE, changed(site, rule, name="more", virtualMachineIds=members))
    with pytest.raises(PluginFailed, match=f'virtual machine with UUID "{nobody}" not found'):
        site.plugin.update(rule, changed(site, rule, virtualMachineIds=members))


def test_rule_of_a_cluster_that_is_not_there_is_refused(site: Site, rule: Resource) -> None:
    with pytest.raises(PluginFailed, match="cannot locate cluster: "):
        made(site, RULE, changed(site, rule, computeClusterId="domain-c99999"))


def test_rule_that_is_gone_is_found_to_be_gone(site: Site, rule: Resource) -> None:
    known = gone(rule)
    site.plugin.delete(rule)
    rule.id = ""
    assert site.plugin.refresh(known)["id"] == ""


def test_rule_loses_a_machine_that_is_deleted(site: Site, rule: Resource) -> None:
    """As vCenter does; the next run then finds a difference."""
    doomed = site.machine(name="doomed")
    members = [*rule.inputs["virtualMachineIds"], doomed.id]
    wanted = changed(site, rule, virtualMachineIds=members)
    site.plugin.update(rule, wanted)
    site.plugin.delete(doomed)
    refreshed = site.plugin.refresh(rule)
    rule.state = refreshed["state"]
    assert sorted(rule.state["virtualMachineIds"]) == sorted(set(members) - {doomed.id})
    assert site.plugin.diff(rule, wanted)["changes"]


def test_rule_is_imported_by_cluster_and_name(site: Site, rule: Resource) -> None:
    names = {"compute_cluster_path": "/dc-01/host/cluster-01", "name": "apart"}
    found = site.plugin.import_(RULE, json.dumps(names))
    assert found["id"] == rule.id
    adopted = Resource(RULE, "tried", found["inputs"], found["id"], found["state"])
    assert not site.plugin.diff(adopted, changed(site, rule))["changes"]
    assert site.plugin.import_(RULE, json.dumps({**names, "name": "nobody"}))["id"] == ""
