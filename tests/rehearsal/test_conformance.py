"""One suite for every vSphere plugin: what Slipway relies on, held against whichever plugin is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from tests.support.plugin import CATEGORY, FOLDER, MACHINE, POOL, TAG, Plugin, PluginFailed, Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.session import Rehearsal

pytestmark = pytest.mark.rehearsal
TABLE = YAML(typ="safe").load(Path(__file__).with_name("conformance.yaml").read_text(encoding="utf-8"))
SERVER = "vcenter.dev.example.internal"
TEMPLATE = "ubuntu-24.04-kubernetes-2026.11.0"
POWER_CALLS = ("ShutdownGuest", "PowerOffVM_Task")


@dataclass(frozen=True)
class Site:
    """A plugin, and what the machines of the suite stand on."""

    plugin: Plugin
    rehearsal: Rehearsal
    datacenter: str
    folder: Resource
    other_folder: Resource
    tags: tuple[str, str]
    base: dict[str, Any]


@pytest.fixture(scope="module")
def site(rehearsal: Rehearsal) -> Iterator[Site]:
    plugin = Plugin(rehearsal)
    plugin.configure(SERVER, rehearsal.layout.password_file.read_text(encoding="ascii"))
    datacenter = plugin.invoke("getDatacenter", name="dc-01")["id"]
    place = {"datacenterId": datacenter}
    folder = plugin.create(FOLDER, "folder", {"path": "suite", "type": "vm", **place})
    other = plugin.create(FOLDER, "other", {"path": "other-folder", "type": "vm", **place})
    cluster = plugin.invoke("getComputeCluster", name="cluster-01", **place)
    pool = plugin.create(POOL, "pool", {"name": "suite", "parentResourcePoolId": cluster["resourcePoolId"]})
    category = plugin.create(
        CATEGORY, "category", {"name": "suite", "cardinality": "MULTIPLE", "associableTypes": ["VirtualMachine"]}
    )
    tags = tuple(plugin.create(TAG, name, {"name": name, "categoryId": category.id}).id for name in ("one", "two"))
    base = {
        "name": "base",
        "annotation": "first",
        "folder": "suite",
        "resourcePoolId": pool.id,
        "datastoreId": plugin.invoke("getDatastore", name="datastore-01", **place)["id"],
        "numCpus": 2,
        "memory": 2048,
        "guestId": "ubuntu64Guest",
        "firmware": "efi",
        "hardwareVersion": 20,
        "enableDiskUuid": True,
        "eptRviMode": "automatic",
        "hvMode": "hvAuto",
        "swapPlacementPolicy": "inherit",
        "syncTimeWithHost": True,
        "waitForGuestNetTimeout": 0,
        "waitForGuestIpTimeout": 0,
        "clone": {"templateUuid": plugin.invoke("getVirtualMachine", name=TEMPLATE, **place)["id"]},
        "disks": [{"label": "disk0", "size": 20, "thinProvisioned": True}],
        "networkInterfaces": [
            {"networkId": plugin.invoke("getNetwork", name="vm-network", **place)["id"], "adapterType": "vmxnet3"}
        ],
        "extraConfig": {"guestinfo.userdata": "Zmlyc3Q=", "guestinfo.userdata.encoding": "base64"},
        "tags": [tags[0]],
    }
    yield Site(plugin, rehearsal, datacenter, folder, other, (tags[0], tags[1]), base)
    plugin.end()


def machine(site: Site, **changes: Any) -> Resource:
    return site.plugin.create(MACHINE, "machine", {**site.base, **changes})


def filled(value: Any, site: Site) -> Any:
    """Put the suite's own identifiers in the place of their names in the table."""
    names = {"TAG": site.tags[0], "OTHER_TAG": site.tags[1], "OTHER_TEMPLATE": "11111111-2222-3333-4444-555555555555"}
    if isinstance(value, dict):
        return {key: filled(part, site) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part, site) for part in value]
    return names.get(value, value) if isinstance(value, str) else value


@pytest.mark.parametrize("case", TABLE, ids=lambda case: str(case["name"]))
def test_change(site: Site, case: dict[str, Any]) -> None:
    made = machine(site)
    wanted = {**site.base, **filled(case["change"], site)}
    try:
        if case["operation"] == "refused":
            with pytest.raises(PluginFailed) as refused:
                site.plugin.diff(made, wanted)
            assert case["message"] in str(refused.value)
            return
        found = site.plugin.diff(made, wanted)
        operation = "replace" if found["replaces"] else "update" if found["changes"] else "same"
        assert operation == case["operation"]
        if operation == "update":
            assert any(path == case["property"] or path.startswith(f"{case['property']}[") for path in found["paths"])
            assert updated_with_restart(site, made, wanted) == case["restart"]
            assert not site.plugin.diff(made, wanted)["changes"], "a second run is not quiet"
        if operation == "replace":
            assert found["replaces"] == [case["replaces"]]
            assert found["delete_before_replace"]
    finally:
        site.plugin.delete(made)


def updated_with_restart(site: Site, made: Resource, wanted: dict[str, Any]) -> bool:
    """Carry an update out and tell whether the machine was switched off on the way; it has to run at the end."""
    site.rehearsal.control.reset_calls()
    site.plugin.update(made, wanted)
    calls = site.rehearsal.control.calls()
    running = {found.uuid: found.power for found in site.rehearsal.control.machines()}
    assert running[made.id] == "poweredOn"
    return any(calls.get(call, 0) for call in POWER_CALLS)


def test_created_machine_has_its_place_sizes_and_outputs(site: Site) -> None:
    made = machine(site)
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
    refreshed = site.plugin.refresh(made)
    assert refreshed["id"] == made.id
    assert not site.plugin.diff(Resource(MACHINE, "machine", made.inputs, made.id, refreshed["state"]), site.base)[
        "changes"
    ]
    site.plugin.delete(made)


def test_name_that_is_taken_is_refused_and_nothing_is_recorded(site: Site) -> None:
    made = machine(site)
    with pytest.raises(PluginFailed, match="error cloning virtual machine: ") as refused:
        machine(site)
    assert "half_made" not in refused.value.answer
    site.plugin.delete(made)


def test_failed_configuration_leaves_nothing(site: Site) -> None:
    site.rehearsal.control.fail("ReconfigVM_Task", "base", "InvalidState", "played: not now")
    with pytest.raises(PluginFailed, match="error reconfiguring virtual machine: ") as refused:
        machine(site)
    assert "half_made" not in refused.value.answer
    assert [found.name for found in site.rehearsal.control.machines()] == [TEMPLATE]


def test_failed_power_on_leaves_a_recorded_machine_that_an_update_does_not_start(site: Site) -> None:
    """To start it is left to Slipway: see infra/operate/leftovers.py."""
    site.rehearsal.control.fail("PowerOnVM_Task", "base", "InsufficientMemoryResourcesFault", "played: no memory")
    with pytest.raises(PluginFailed, match="error powering on virtual machine: powerOn") as failed:
        machine(site)
    answer = failed.value.answer
    left = {found.uuid: found.power for found in site.rehearsal.control.machines() if not found.template}
    assert left == {answer["half_made"]: "poweredOff"}
    made = Resource(MACHINE, "machine", dict(site.base), answer["half_made"], answer["state"])
    site.plugin.update(made, site.base)
    power = {found.power for found in site.rehearsal.control.machines() if not found.template}
    site.plugin.delete(made)
    assert power == {"poweredOff"}


def test_machine_that_is_gone_is_found_to_be_gone_but_cannot_be_deleted(site: Site) -> None:
    made = machine(site)
    site.plugin.delete(made)
    assert site.plugin.refresh(made)["id"] == ""
    with pytest.raises(PluginFailed, match=f'virtual machine with UUID "{made.id}" not found'):
        site.plugin.delete(made)


def test_import_by_inventory_path(site: Site) -> None:
    made = machine(site)
    found = site.plugin.import_(MACHINE, "/dc-01/vm/suite/base")
    assert found["id"] == made.id
    assert found["state"]["imported"] is True
    adopted = Resource(MACHINE, "machine", found["inputs"], found["id"], found["state"])
    assert site.plugin.diff(adopted, site.base)["replaces"] == []
    site.plugin.delete(made)


def test_import_of_what_is_not_there_finds_nothing(site: Site) -> None:
    assert site.plugin.import_(MACHINE, "/dc-01/vm/suite/nobody")["id"] == ""


def test_folder_with_something_in_it_is_not_deleted(site: Site) -> None:
    made = machine(site)
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
        ("getDatastore", "error fetching datastore: datastore 'nowhere' not found"),
        ("getNetwork", "Network nowhere not found"),
        ("getVirtualMachine", "error fetching virtual machine: vm 'nowhere' not found"),
    ],
)
def test_what_is_not_there_is_named(site: Site, function: str, message: str) -> None:
    place = {} if function == "getDatacenter" else {"datacenterId": site.datacenter}
    with pytest.raises(PluginFailed) as refused:
        site.plugin.invoke(function, name="nowhere", **place)
    assert message in str(refused.value)


def test_wrong_password_is_refused(rehearsal: Rehearsal) -> None:
    plugin = Plugin(rehearsal)
    with pytest.raises(PluginFailed, match="error setting up new vSphere SOAP client: ServerFaultCode: "):
        plugin.configure(SERVER, "wrong")
    plugin.end()


def test_unknown_property_is_refused_by_name(site: Site) -> None:
    failures = site.plugin.check(Resource(MACHINE, "machine", {}), {**site.base, "numGpus": 1})
    assert any("numGpus" in f"{path} {reason}" for path, reason in failures.items())
