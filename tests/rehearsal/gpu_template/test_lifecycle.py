"""GPU templates of the `slipway` provider, against the simulated vCenter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.plugin import GPU_TEMPLATE, MACHINE, Plugin, PluginFailed, Resource
from tests.support.plugin_template import (
    DYNAMIC,
    ONE_LINE,
    OTHER_VGPU,
    PATH,
    VGPU,
    changing_calls,
    inputs,
    made,
    seen,
    started,
)
from tests.support.plugin_vcenter import behind_the_back

if TYPE_CHECKING:
    from tests.support.plugin_site import Site

pytestmark = pytest.mark.rehearsal


@pytest.mark.parametrize("devices", [[VGPU, VGPU], [DYNAMIC], [DYNAMIC, VGPU]], ids=["vgpu", "dynamic", "both"])
def test_created_template_carries_its_devices_and_a_second_run_is_quiet(
    site: Site, provider: Plugin, devices: list[Any]
) -> None:
    site.rehearsal.control.reset_calls()
    found = made(site, provider, devices=devices)
    assert changing_calls(site) == {"CloneVM_Task"}
    there = seen(site)
    assert (there["template"], there["devices"], there["datastore"]) == (True, devices, "datastore-01")
    assert (found.id, found.state["uuid"], found.state["moid"]) == (there["uuid"], there["uuid"], there["moid"])
    assert found.state["baseUuid"] == site.identifier("TEMPLATE")
    answer = provider.diff(found, inputs(site, devices=devices))
    assert (answer["changes"], answer["said"]) == (False, [])
    refreshed = provider.refresh(found)
    assert refreshed["state"] == found.state
    assert refreshed["inputs"] == found.inputs


def test_preview_of_a_new_one_touches_nothing_and_knows_its_outputs_not_yet(site: Site, provider: Plugin) -> None:
    site.rehearsal.control.reset_calls()
    planned = provider.create(GPU_TEMPLATE, "gpu", inputs(site), preview=True)
    assert planned.id == ""
    assert len({planned.state[name] for name in ("uuid", "moid", "baseUuid")}) == 1
    assert planned.state["devices"] == [VGPU, VGPU]
    assert changing_calls(site) == set()
    assert seen(site) is None


def test_folder_that_is_still_to_come_is_no_hindrance_to_a_preview(site: Site, provider: Plugin) -> None:
    planned = provider.create(GPU_TEMPLATE, "gpu", inputs(site, folder="suite/later"), preview=True)
    assert planned.state["folder"] == "suite/later"
    with pytest.raises(PluginFailed, match="there is no folder /dc-01/vm/suite/later; create it"):
        provider.create(GPU_TEMPLATE, "gpu", inputs(site, folder="suite/later"))


def test_machine_that_is_cloned_from_it_has_the_devices_and_no_mark_of_its_own(site: Site, provider: Plugin) -> None:
    template = made(site, provider)
    reserved = {"memoryReservation": 2048, "memoryReservationLockedToMax": True}
    space = {"pciPassthru.use64bitMMIO": "TRUE", "pciPassthru.64bitMMIOSizeGB": "512"}
    changes = {"name": "node", "clone": {"templateUuid": template.id}, "extraConfig": space, **reserved}
    wanted = site.changed(changes)
    node = site.plugin.create(MACHINE, "node", wanted)
    there = seen(site, "/dc-01/vm/suite/node")
    assert there["devices"] == [VGPU, VGPU]
    assert "pciDeviceIds" not in node.state or node.state["pciDeviceIds"] == []
    site.assert_quiet(node, wanted)
    stranger = Resource(GPU_TEMPLATE, "gpu", template.inputs, node.id, template.state)
    with pytest.raises(PluginFailed, match="does not carry Slipway's mark") as refused:
        provider.delete(stranger)
    assert ONE_LINE.fullmatch(str(refused.value))
    site.plugin.delete(node)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"devices": [OTHER_VGPU, VGPU]}, "devices[0].profile"),
        ({"devices": [VGPU]}, "devices[1]"),
        ({"devices": [VGPU, VGPU, DYNAMIC]}, "devices[2]"),
        ({"baseTemplate": "templates/linux/ubuntu-golden"}, "baseTemplate"),
        ({"datastoreId": "datastore-9"}, "datastoreId"),
        ({"resourcePoolId": "resgroup-9"}, "resourcePoolId"),
        ({"datacenter": "dc-02"}, "datacenter"),
    ],
)
def test_what_it_is_made_from_makes_it_anew(site: Site, provider: Plugin, change: dict[str, Any], path: str) -> None:
    found = made(site, provider)
    answer = provider.diff(found, inputs(site, **change))
    assert (answer["replaces"], answer["paths"]) == ([path], [path])
    assert answer["kinds"][path].endswith("_REPLACE")
    assert not answer["delete_before_replace"]  # every machine that was cloned from it would be deleted with it


def test_name_notes_and_folder_change_in_place(site: Site, provider: Plugin) -> None:
    found = made(site, provider, notes="first")
    wanted = inputs(site, name="renamed", notes="second", folder="other-folder")
    answer = provider.diff(found, wanted)
    assert (answer["replaces"], answer["paths"]) == ([], ["folder", "name", "notes"])
    provider.update(found, wanted)
    there = seen(site, "/dc-01/vm/other-folder/renamed")
    assert (there["uuid"], there["template"], there["notes"]) == (found.id, True, "second")
    assert not provider.diff(found, wanted)["changes"]
    assert provider.refresh(found)["state"] == found.state


def test_drift_is_seen(site: Site, provider: Plugin) -> None:
    found = made(site, provider)
    behind_the_back(site.rehearsal, "take_devices", PATH)
    behind_the_back(site.rehearsal, "rename", PATH, "other")
    behind_the_back(site.rehearsal, "move", "/dc-01/vm/suite/other", "/dc-01/vm/other-folder")
    refreshed = provider.refresh(found)
    for values in (refreshed["state"], refreshed["inputs"]):
        assert (values["devices"], values["name"], values["folder"]) == ([], "other", "other-folder")
    drifted = Resource(GPU_TEMPLATE, "gpu", refreshed["inputs"], found.id, refreshed["state"])
    assert provider.diff(drifted, inputs(site))["replaces"] == ["devices[0]", "devices[1]"]
    behind_the_back(site.rehearsal, "destroy", "/dc-01/vm/other-folder/other")
    assert provider.refresh(found)["id"] == ""
    provider.delete(found)  # gone already is fine


def test_base_that_was_built_anew_is_said_and_changes_nothing(site: Site, provider: Plugin) -> None:
    behind_the_back(site.rehearsal, "clone", "/dc-01/vm/ubuntu", "/dc-01/vm/suite", "base", "template")
    found = made(site, provider, baseTemplate="suite/base")
    behind_the_back(site.rehearsal, "destroy", "/dc-01/vm/suite/base")
    gone = provider.diff(found, inputs(site, baseTemplate="suite/base"))
    behind_the_back(site.rehearsal, "clone", "/dc-01/vm/ubuntu", "/dc-01/vm/suite", "base", "template")
    anew = provider.diff(found, inputs(site, baseTemplate="suite/base"))
    assert (gone["changes"], anew["changes"]) == (False, False)
    assert "its base template /dc-01/vm/suite/base is gone since it was cloned" in gone["said"][0]
    assert "its base template /dc-01/vm/suite/base was built anew since it was cloned" in anew["said"][0]


def test_template_in_a_datastore_cluster_and_one_beside_its_base(site: Site, provider: Plugin) -> None:
    pod = {"datastoreId": None, "datastoreClusterId": site.identifier("STORAGE_CLUSTER")}
    found = made(site, provider, **pod)
    assert seen(site)["datastore"].startswith("pod-01-")
    assert not provider.diff(found, inputs(site, **pod))["changes"]
    provider.delete(found)
    made(site, provider, datastoreId=None)
    assert seen(site)["datastore"] == "datastore-01"


def test_delete_takes_it_away(site: Site, provider: Plugin) -> None:
    found = made(site, provider)
    provider.delete(found)
    assert seen(site) is None


def test_import_is_by_inventory_path(site: Site, provider: Plugin) -> None:
    found = made(site, provider, notes="imported")
    imported = provider.import_(GPU_TEMPLATE, PATH)
    assert imported["id"] == found.id
    assert imported["state"] == found.state
    adopted = Resource(GPU_TEMPLATE, "gpu", imported["inputs"], imported["id"], imported["state"])
    assert not provider.diff(adopted, inputs(site, notes="imported"))["changes"]
    assert provider.import_(GPU_TEMPLATE, "/dc-01/vm/suite/nobody")["id"] == ""
    with pytest.raises(PluginFailed, match="it carries no mark of its own"):
        provider.import_(GPU_TEMPLATE, "/dc-01/vm/ubuntu")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"baseTemplate": "nowhere"}, "there is no template /dc-01/vm/nowhere; build it as docs/machine-template.md"),
        ({"folder": "nowhere"}, "there is no folder /dc-01/vm/nowhere; create it, or mend the path"),
        ({"datastoreId": "datastore-99"}, "vCenter refused to clone ubuntu: "),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    site: Site, provider: Plugin, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(PluginFailed, match=f"^GPU template gpu: {re.escape(message)}") as refused:
        made(site, provider, **change)
    assert ONE_LINE.fullmatch(str(refused.value))
    assert seen(site) is None


def test_what_vcenter_refuses_is_said_in_its_words(site: Site, provider: Plugin) -> None:
    site.rehearsal.control.fail("CloneVM_Task", "gpu", "NoDiskSpace", "played: the datastore is full")
    with pytest.raises(PluginFailed) as refused:
        made(site, provider)
    assert str(refused.value) == (
        "GPU template gpu: vCenter refused to clone ubuntu: played: the datastore is full (NoDiskSpace); "
        "make room on the datastore"
    )


def test_wrong_password_is_one_line_without_it(site: Site) -> None:
    plugin = started(site, "wrong-password")
    with pytest.raises(PluginFailed, match=r"^vCenter [^\n]+: user or password refused for [^\n]+; [^\n]+$") as refused:
        made(site, plugin)
    assert "wrong-password" not in str(refused.value)
    plugin.end()
