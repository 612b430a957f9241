"""The suite for what the scheduler may do with one machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.plugin import OVERRIDE, PluginFailed, Resource
from tests.support.plugin_site import Site, conformance_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal
NOBODY = "99999999-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def site(checkout: Checkout) -> Iterator[Site]:
    with conformance_site(checkout) as started:
        yield started


@pytest.fixture(scope="module")
def machine(site: Site) -> Iterator[Resource]:
    found = site.machine()
    yield found
    site.plugin.delete(found)


@pytest.fixture
def override(site: Site, machine: Resource) -> Iterator[Resource]:
    found = made(site, machine.id)
    yield found
    if found.id:
        site.plugin.delete(found)


def made(site: Site, machine: str, **changes: Any) -> Resource:
    wanted = {"computeClusterId": "CLUSTER", "virtualMachineId": machine, **changes}
    return site.plugin.create(OVERRIDE, "tried", site.filled(wanted))


def changed(site: Site, resource: Resource, **changes: Any) -> dict[str, Any]:
    wanted = {**resource.inputs, **site.filled(changes)}
    return {name: value for name, value in wanted.items() if not name.startswith("__")}


def test_override_switches_the_scheduler_off_for_a_machine(site: Site, override: Resource, machine: Resource) -> None:
    assert override.id == f"{site.identifier('CLUSTER')}:{machine.id}"
    assert (override.state["drsEnabled"], override.state["drsAutomationLevel"]) == (False, "manual")
    site.assert_quiet(override, changed(site, override))


@pytest.mark.parametrize(("name", "value"), [("drsEnabled", True), ("drsAutomationLevel", "fullyAutomated")])
def test_override_is_updated_in_place(site: Site, override: Resource, name: str, value: Any) -> None:
    wanted = changed(site, override, **{name: value})
    found = site.plugin.diff(override, wanted)
    assert (found["replaces"], found["paths"]) == ([], [name])
    site.plugin.update(override, wanted)
    assert override.state[name] == value
    site.assert_quiet(override, wanted)


@pytest.mark.parametrize(("name", "value"), [("computeClusterId", "OTHER_CLUSTER"), ("virtualMachineId", NOBODY)])
def test_override_for_something_else_is_another(site: Site, override: Resource, name: str, value: str) -> None:
    assert site.plugin.diff(override, changed(site, override, **{name: value}))["replaces"] == [name]


def test_override_of_what_is_not_there_is_refused(site: Site, machine: Resource) -> None:
    with pytest.raises(PluginFailed, match="cannot locate cluster: "):
        made(site, machine.id, computeClusterId="domain-c99999")
    missing = f'cannot locate virtual machine: virtual machine with UUID "{NOBODY}" not found'
    with pytest.raises(PluginFailed, match=missing):
        made(site, NOBODY)


def test_unknown_level_is_refused_by_name(site: Site) -> None:
    inputs = {"computeClusterId": "a", "virtualMachineId": "b", "drsAutomationLevel": "none"}
    failures = site.plugin.check(Resource(OVERRIDE, "tried", {}), inputs)
    assert "expected drs_automation_level to be one of" in " ".join(failures.values())


def test_override_that_is_gone_is_found_to_be_gone(site: Site, override: Resource) -> None:
    known = Resource(override.token, override.name, override.inputs, override.id, override.state)
    site.plugin.delete(override)
    override.id = ""
    assert site.plugin.refresh(known)["id"] == ""


def test_override_of_a_machine_that_is_gone_is_an_error_at_refresh_and_delete(site: Site) -> None:
    doomed = site.machine(name="doomed")
    override = made(site, doomed.id)
    site.plugin.delete(doomed)
    missing = f'cannot locate virtual machine: virtual machine with UUID "{doomed.id}" not found'
    with pytest.raises(PluginFailed, match=missing):
        site.plugin.refresh(override)
    with pytest.raises(PluginFailed, match=missing):
        site.plugin.delete(override)


def test_override_is_imported_by_the_paths_of_cluster_and_machine(site: Site, override: Resource) -> None:
    paths = {"compute_cluster_path": "/dc-01/host/cluster-01", "virtual_machine_path": "/dc-01/vm/suite/base"}
    found = site.plugin.import_(OVERRIDE, json.dumps(paths))
    assert found["id"] == override.id
    adopted = Resource(OVERRIDE, "tried", found["inputs"], found["id"], found["state"])
    assert not site.plugin.diff(adopted, changed(site, override))["changes"]
    assert site.plugin.import_(OVERRIDE, json.dumps({**paths, "virtual_machine_path": "/nowhere"}))["id"] == ""
