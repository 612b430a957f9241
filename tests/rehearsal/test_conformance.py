"""One suite for every vSphere plugin: what Slipway relies on, held against whichever plugin is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from rehearsal.vsphere_plugin.values import UNKNOWN
from tests.support.plugin import FOLDER, MACHINE, Plugin, PluginFailed, Resource, server_of
from tests.support.plugin_cases import check_case
from tests.support.plugin_site import Site, conformance_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal
TABLE = YAML(typ="safe").load(Path(__file__).with_name("conformance.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def site(checkout: Checkout) -> Iterator[Site]:
    with conformance_site(checkout) as started:
        yield started


@pytest.mark.parametrize("case", TABLE, ids=lambda case: str(case["name"]))
def test_change(site: Site, case: dict[str, Any]) -> None:
    check_case(site, case)


def test_created_machine_has_its_place_sizes_and_outputs(site: Site) -> None:
    made = site.machine()
    found = {name: made.state[name] for name in ("name", "folder", "numCpus", "memory", "firmware", "powerState")}
    assert found == {
        "name": "base",
        "folder": "suite",
        "numCpus": 2,
        "memory": 2048,
        "firmware": "efi",
        "powerState": "on",
    }
    assert made.id == made.state["uuid"]
    site.assert_quiet(made, site.base)
    site.plugin.delete(made)


def test_name_that_is_taken_is_refused_and_nothing_is_recorded(site: Site) -> None:
    made = site.machine()
    with pytest.raises(PluginFailed, match="error cloning virtual machine: ") as refused:
        site.machine()
    assert "half_made" not in refused.value.answer
    site.plugin.delete(made)


def test_failed_configuration_leaves_nothing(site: Site) -> None:
    site.rehearsal.control.fail("ReconfigVM_Task", "base", "InvalidState", "played: not now")
    with pytest.raises(PluginFailed, match="error reconfiguring virtual machine: ") as refused:
        site.machine()
    assert "half_made" not in refused.value.answer
    assert all(found.template for found in site.rehearsal.control.machines())


def test_failed_power_on_leaves_a_recorded_machine_that_an_update_does_not_start(site: Site) -> None:
    """To start it is left to Slipway: see infra/operate/leftovers.py."""
    site.rehearsal.control.fail("PowerOnVM_Task", "base", "InsufficientMemoryResourcesFault", "played: no memory")
    with pytest.raises(PluginFailed, match="error powering on virtual machine: powerOn") as failed:
        site.machine()
    answer = failed.value.answer
    left = {found.uuid: found.power for found in site.rehearsal.control.machines() if not found.template}
    assert left == {answer["half_made"]: "poweredOff"}
    made = Resource(MACHINE, "machine", dict(site.base), answer["half_made"], answer["state"])
    site.plugin.update(made, site.base)
    power = {found.power for found in site.rehearsal.control.machines() if not found.template}
    site.plugin.delete(made)
    assert power == {"poweredOff"}


def test_machine_that_is_gone_is_found_to_be_gone_but_cannot_be_deleted(site: Site) -> None:
    made = site.machine()
    site.plugin.delete(made)
    assert site.plugin.refresh(made)["id"] == ""
    with pytest.raises(PluginFailed, match=f'virtual machine with UUID "{made.id}" not found'):
        site.plugin.delete(made)


def test_import_by_inventory_path(site: Site) -> None:
    made = site.machine()
    found = site.plugin.import_(MACHINE, "/dc-01/vm/suite/base")
    assert found["id"] == made.id
    assert found["state"]["imported"] is True
    adopted = Resource(MACHINE, "machine", found["inputs"], found["id"], found["state"])
    assert site.plugin.diff(adopted, site.base)["replaces"] == []
    site.plugin.delete(made)


def test_import_of_what_is_not_there_finds_nothing(site: Site) -> None:
    assert site.plugin.import_(MACHINE, "/dc-01/vm/suite/nobody")["id"] == ""


def test_folder_with_something_in_it_is_not_deleted(site: Site) -> None:
    made = site.machine()
    with pytest.raises(PluginFailed, match="folder is not empty, please remove all items before deleting"):
        site.plugin.delete(site.folder)
    site.plugin.delete(made)


def test_folder_that_is_gone_is_an_error_at_refresh(site: Site) -> None:
    made = site.plugin.create(FOLDER, "short", {"path": "short", "type": "vm", "datacenterId": site.datacenter})
    site.plugin.delete(made)
    with pytest.raises(PluginFailed, match="cannot locate folder"):
        site.plugin.refresh(made)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("getDatacenter", "error fetching datacenter: datacenter 'nowhere' not found"),
        ("getComputeCluster", "error loading cluster: cluster 'nowhere' not found"),
        ("getHost", "error fetching host: host 'nowhere' not found"),
        ("getDatastore", "error fetching datastore: datastore 'nowhere' not found"),
        (
            "getDatastoreCluster",
            "error loading datastore cluster: datastore cluster 'nowhere' not found",
        ),
        (
            "getDistributedVirtualSwitch",
            "error fetching distributed virtual switch: network 'nowhere' not found",
        ),
        ("getNetwork", "Network nowhere not found"),
        ("getPolicy", 'no pbm profile found with name: "nowhere"'),
        ("getVirtualMachine", "error fetching virtual machine: vm 'nowhere' not found"),
    ],
)
def test_what_is_not_there_is_named(site: Site, function: str, message: str) -> None:
    with pytest.raises(PluginFailed) as refused:
        site.look_up(function, "nowhere")
    assert message in str(refused.value)


def test_host_is_found_by_its_name_and_by_its_path(site: Site) -> None:
    found = site.look_up("getHost", "esx-01.dev.example.internal")
    cluster = site.plugin.invoke("getComputeCluster", name="cluster-01", datacenterId=site.datacenter)
    assert found["id"].startswith("host-")
    assert found["resourcePoolId"] == cluster["resourcePoolId"]
    assert site.look_up("getHost", "cluster-01/esx-01.dev.example.internal")["id"] == found["id"]


def test_ignored_parts_of_an_unknown_clone_are_no_reason_for_a_new_machine(site: Site) -> None:
    """So the engine asks when something that a machine was cloned from is deleted before it is made anew."""
    made = site.machine()
    wanted = site.changed({"clone": {"templateUuid": UNKNOWN}})
    assert site.plugin.diff(made, wanted)["replaces"] == ["__meta"]
    assert not site.plugin.diff(made, wanted, ignored=["clone.templateUuid"])["changes"]
    site.plugin.delete(made)


def test_wrong_password_is_refused(site: Site) -> None:
    plugin = Plugin(site.rehearsal)
    with pytest.raises(PluginFailed, match="error setting up new vSphere SOAP client: ServerFaultCode: "):
        plugin.configure(server_of(site.rehearsal), "wrong")
    plugin.end()


def test_unknown_property_is_refused_by_name(site: Site) -> None:
    failures = site.plugin.check(Resource(MACHINE, "machine", {}), {**site.base, "numGpus": 1})
    assert any("numGpus" in f"{path} {reason}" for path, reason in failures.items())
