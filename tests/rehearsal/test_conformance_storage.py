"""The suite for what a machine stands on: several disks, datastore clusters, storage policies, hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.plugin import MACHINE, PluginFailed, Resource
from tests.support.plugin_cases import POWER_CALLS
from tests.support.plugin_site import TEMPLATE, Site, conformance_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal
ROOT_DISK = {"label": "disk0", "size": 20, "thinProvisioned": True}
DATA_DISK = {"label": "data", "size": 5, "unitNumber": 1}
LOG_DISK = {"label": "log", "size": 3, "unitNumber": 2}
ON_A_CLUSTER: dict[str, Any] = {"datastoreId": None, "datastoreClusterId": "STORAGE_CLUSTER"}


@pytest.fixture(scope="module")
def site(checkout: Checkout) -> Iterator[Site]:
    with conformance_site(checkout) as started:
        yield started


@pytest.fixture
def made(site: Site) -> Iterator[list[Resource]]:
    """Machines of a test, which are deleted after it."""
    found: list[Resource] = []
    yield found
    for machine in found:
        site.plugin.delete(machine)


def update_in_place(site: Site, machine: Resource, wanted: dict[str, Any]) -> None:
    """Update a running machine; it has to stay switched on, and a second run has to be quiet."""
    site.rehearsal.control.reset_calls()
    site.plugin.update(machine, wanted)
    calls = site.rehearsal.control.calls()
    assert not any(calls.get(call, 0) for call in POWER_CALLS)
    site.assert_quiet(machine, wanted)


def disks(machine: Resource) -> dict[str, tuple[int, int]]:
    """Return size and place of the disks by label."""
    return {disk["label"]: (disk["size"], disk.get("unitNumber", 0)) for disk in machine.state["disks"]}


# Disks


def test_machine_is_made_with_more_disks_than_its_template(site: Site, made: list[Resource]) -> None:
    wanted = {"disks": [LOG_DISK, ROOT_DISK, DATA_DISK]}
    machine = site.machine(**wanted)
    made.append(machine)
    assert disks(machine) == {"disk0": (20, 0), "data": (5, 1), "log": (3, 2)}
    assert [disk["label"] for disk in machine.state["disks"]] == ["disk0", "data", "log"]
    assert len({disk["uuid"] for disk in machine.state["disks"]}) == 3
    site.assert_quiet(machine, site.changed(wanted))


def test_disks_are_added_grown_and_removed_on_a_running_machine(site: Site, made: list[Resource]) -> None:
    machine = site.machine()
    made.append(machine)
    update_in_place(site, machine, site.changed({"disks": [ROOT_DISK, DATA_DISK, LOG_DISK]}))
    uuids = {disk["label"]: disk["uuid"] for disk in machine.state["disks"]}
    update_in_place(site, machine, site.changed({"disks": [ROOT_DISK, {**DATA_DISK, "size": 7}, LOG_DISK]}))
    assert disks(machine)["data"] == (7, 1)
    wanted = site.changed({"disks": [LOG_DISK, ROOT_DISK]})
    assert site.plugin.diff(machine, wanted)["replaces"] == []
    update_in_place(site, machine, wanted)
    assert disks(machine) == {"disk0": (20, 0), "log": (3, 2)}
    assert {disk["label"]: disk["uuid"] for disk in machine.state["disks"]} == {
        label: uuids[label] for label in ("disk0", "log")
    }


def test_disk_with_another_label_in_the_same_place_is_another_disk(site: Site, made: list[Resource]) -> None:
    machine = site.machine(disks=[ROOT_DISK, DATA_DISK])
    made.append(machine)
    wanted = site.changed({"disks": [ROOT_DISK, {**DATA_DISK, "label": "other"}]})
    paths = site.plugin.diff(machine, wanted)["paths"]
    assert any(path.startswith("disks[1]") for path in paths), "the old disk goes"
    assert any(path.startswith("disks[2]") for path in paths), "a new disk comes"
    update_in_place(site, machine, wanted)
    assert disks(machine) == {"disk0": (20, 0), "other": (5, 1)}


def test_another_place_for_a_disk_restarts_the_machine(site: Site, made: list[Resource]) -> None:
    machine = site.machine(disks=[ROOT_DISK, DATA_DISK])
    made.append(machine)
    wanted = site.changed({"disks": [ROOT_DISK, {**DATA_DISK, "unitNumber": 9}]})
    site.rehearsal.control.reset_calls()
    site.plugin.update(machine, wanted)
    assert any(site.rehearsal.control.calls().get(call, 0) for call in POWER_CALLS)
    assert disks(machine) == {"disk0": (20, 0), "data": (5, 9)}
    site.assert_quiet(machine, wanted)


def test_disk_that_nobody_asked_for_is_an_orphan_and_is_detached(site: Site, made: list[Resource]) -> None:
    """As a volume that the CSI driver attached: its file is kept."""
    machine = site.machine(disks=[ROOT_DISK, DATA_DISK])
    made.append(machine)
    machine.state["disks"] = machine.state["disks"][:1]
    machine.state = site.plugin.refresh(machine)["state"]
    assert disks(machine) == {"disk0": (20, 0), "orphaned_disk_0": (5, 1)}
    assert [disk["keepOnRemove"] for disk in machine.state["disks"]] == [False, True]
    assert site.plugin.diff(machine, site.base)["changes"]
    update_in_place(site, machine, site.base)
    assert disks(machine) == {"disk0": (20, 0)}


def test_failed_disk_leaves_the_machine_as_it_was(site: Site, made: list[Resource]) -> None:
    machine = site.machine()
    made.append(machine)
    site.rehearsal.control.fail("ReconfigVM_Task", "base", "InsufficientStorageSpace", "played: no space")
    with pytest.raises(PluginFailed, match="played: no space") as failed:
        site.plugin.update(machine, site.changed({"disks": [ROOT_DISK, DATA_DISK]}))
    state = failed.value.answer.get("state", machine.state)
    again = Resource(MACHINE, machine.name, machine.inputs, machine.id, state)
    assert disks(again) == {"disk0": (20, 0)}
    assert site.plugin.diff(again, site.changed({"disks": [ROOT_DISK, DATA_DISK]}))["changes"]


def test_what_a_template_does_not_allow_is_refused_before_anything_is_made(site: Site) -> None:
    for changes, message in (
        ({"disks": [{"label": "disk0", "size": 5}]}, "must be at least the same size of source when cloning"),
        ({"guestId": "rhel9_64Guest"}, 'invalid guest ID "rhel9_64Guest" for clone. Please set it to "ubuntu64Guest"'),
        ({"disks": []}, "there must be at least one disk specified"),
        ({"datastoreId": None}, "one of datastore_id datastore_cluster_id must be specified"),
    ):
        for preview in (True, False):
            with pytest.raises(PluginFailed) as refused:
                site.plugin.create(MACHINE, "refused", site.changed(changes), preview=preview)
            assert message in str(refused.value)
    assert all(found.template for found in site.rehearsal.control.machines())


# Datastore clusters


def test_machine_is_made_on_a_datastore_of_its_cluster(site: Site, made: list[Resource]) -> None:
    preview = site.plugin.create(MACHINE, "machine", site.changed(ON_A_CLUSTER), preview=True)
    assert preview.id == ""
    site.rehearsal.control.reset_calls()
    machine = site.machine(**ON_A_CLUSTER)
    made.append(machine)
    assert site.rehearsal.control.calls().get("ApplyStorageDrsRecommendation_Task", 0) == 1
    assert machine.state["datastoreId"] in members(site, "pod-01")
    assert machine.state["datastoreClusterId"] == site.identifier("STORAGE_CLUSTER")
    site.assert_quiet(machine, site.changed(ON_A_CLUSTER))


def test_new_disks_of_a_machine_on_a_cluster_are_placed_by_it(site: Site, made: list[Resource]) -> None:
    machine = site.machine(**ON_A_CLUSTER, disks=[ROOT_DISK, DATA_DISK])
    made.append(machine)
    update_in_place(site, machine, site.changed({**ON_A_CLUSTER, "disks": [ROOT_DISK, DATA_DISK, LOG_DISK]}))
    assert disks(machine) == {"disk0": (20, 0), "data": (5, 1), "log": (3, 2)}
    assert {disk["datastoreId"] for disk in machine.state["disks"]} <= members(site, "pod-01")


def test_machine_moves_to_another_cluster_and_to_a_datastore(site: Site, made: list[Resource]) -> None:
    machine = site.machine(**ON_A_CLUSTER)
    made.append(machine)
    update_in_place(site, machine, site.changed({**ON_A_CLUSTER, "datastoreClusterId": "OTHER_STORAGE_CLUSTER"}))
    assert machine.state["datastoreId"] in members(site, "pod-02")
    update_in_place(site, machine, site.base)
    assert machine.state["datastoreId"] == site.identifier("DATASTORE")
    assert not machine.state.get("datastoreClusterId")


def test_failed_move_keeps_what_was_done_before_it(site: Site, made: list[Resource]) -> None:
    machine = site.machine()
    made.append(machine)
    wanted = site.changed({**ON_A_CLUSTER, "disks": [ROOT_DISK, DATA_DISK]})
    site.rehearsal.control.fail("RelocateVM_Task", "base", "InsufficientStorageSpace", "played: full")
    with pytest.raises(PluginFailed, match=r"error running VM migration: .*played: full") as failed:
        site.plugin.update(machine, wanted)
    machine.state = site.plugin.refresh(
        Resource(MACHINE, "machine", machine.inputs, machine.id, failed.value.answer.get("state", machine.state))
    )["state"]
    site.plugin.update(machine, wanted)
    assert machine.state["datastoreId"] in members(site, "pod-01")
    assert disks(machine) == {"disk0": (20, 0), "data": (5, 1)}


def test_failed_recommendation_leaves_nothing(site: Site) -> None:
    site.rehearsal.control.fail(
        "ApplyStorageDrsRecommendation_Task", "base", "InsufficientStorageSpace", "played: full"
    )
    words = 'error cloning virtual machine: error cloning on datastore cluster "pod-01": .*played: full'
    with pytest.raises(PluginFailed, match=words) as refused:
        site.machine(**ON_A_CLUSTER)
    assert "half_made" not in refused.value.answer
    assert all(found.template for found in site.rehearsal.control.machines())


def test_datastore_and_cluster_at_once_are_refused(site: Site) -> None:
    failures = site.plugin.check(Resource(MACHINE, "machine", {}), site.changed({**ON_A_CLUSTER, "datastoreId": "x"}))
    assert any("conflicts with" in reason for reason in failures.values())


def members(site: Site, cluster: str) -> set[str]:
    """Return the identifiers of the datastores of a datastore cluster."""
    names = site.look_up("getDatastoreCluster", cluster)["datastores"]
    return {site.look_up("getDatastore", name)["id"] for name in names}


# Storage policies, reservations and hosts


def test_policies_of_home_and_disks_are_read_back(site: Site, made: list[Resource]) -> None:
    wanted = {
        "storagePolicyId": "POLICY_GOLD",
        "disks": [{**ROOT_DISK, "storagePolicyId": "POLICY_GOLD"}, {**DATA_DISK, "storagePolicyId": "POLICY_SILVER"}],
    }
    machine = site.machine(**wanted)
    made.append(machine)
    gold, silver = site.identifier("POLICY_GOLD"), site.identifier("POLICY_SILVER")
    assert machine.state["storagePolicyId"] == gold
    assert [disk["storagePolicyId"] for disk in machine.state["disks"]] == [gold, silver]
    site.assert_quiet(machine, site.changed(wanted))
    update_in_place(site, machine, site.changed({**wanted, "storagePolicyId": "POLICY_SILVER"}))
    assert machine.state["storagePolicyId"] == silver


def test_reservation_that_is_left_out_is_taken_away(site: Site, made: list[Resource]) -> None:
    machine = site.machine(memoryReservation=2048, memoryReservationLockedToMax=True, cpuReservation=500)
    made.append(machine)
    found = {name: machine.state[name] for name in ("memoryReservation", "memoryReservationLockedToMax")}
    assert found == {"memoryReservation": 2048, "memoryReservationLockedToMax": True}
    update_in_place(site, machine, site.base)
    assert (machine.state["memoryReservation"], machine.state["cpuReservation"]) == (0, 0)
    assert machine.state["memoryReservationLockedToMax"] is False


def test_machine_is_made_on_and_moved_to_a_host(site: Site, made: list[Resource]) -> None:
    first = site.machine(name="first")
    made.append(first)
    host = first.state["hostSystemId"]
    second = site.machine(name="second", hostSystemId=host)
    made.append(second)
    assert second.state["hostSystemId"] == host
    third = site.machine(name="third")
    made.append(third)
    assert third.state["hostSystemId"] != host
    update_in_place(site, third, site.changed({"name": "third", "hostSystemId": host}))
    assert third.state["hostSystemId"] == host


def test_host_outside_the_cluster_is_refused(site: Site) -> None:
    with pytest.raises(PluginFailed, match='host ID "host-99999" is not a member of resource pool "resgroup-'):
        site.machine(hostSystemId="host-99999")


# Data sources


def test_what_data_sources_say(site: Site) -> None:
    assert site.look_up("getDatastoreCluster", "pod-01")["datastores"] == ["pod-01-a", "pod-01-b"]
    assert len(site.look_up("getDistributedVirtualSwitch", "dvs-01")["uplinks"]) >= 1
    assert site.look_up("getNetwork", "machines")["type"] == "DistributedVirtualPortgroup"
    assert site.look_up("getNetwork", "vm-network")["type"] == "Network"
    golden = site.look_up("getVirtualMachine", "templates/linux/ubuntu-golden")
    assert golden["annotation"] == "golden"
    assert golden["folder"] == "/dc-01/vm/templates/linux"
    assert golden["id"] != site.look_up("getVirtualMachine", TEMPLATE)["id"]


def test_network_that_is_no_switch_is_refused_as_one(site: Site) -> None:
    with pytest.raises(PluginFailed, match="is not a VMware distributed virtual switch"):
        site.look_up("getDistributedVirtualSwitch", "vm-network")
