"""Staging's three control-plane machines, booted: workers that come first, nodes made anew, what is refused."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import pytest

from infra.guest_info import NODE_STATE
from rehearsal.machines.places import LOGS
from rehearsal.session import rehearsing, slipway_command
from tests.support.commands import slipway
from tests.support.faults import Machines, until
from tests.support.kubernetes import Kubernetes, observed_nodes
from tests.support.state import machines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = [pytest.mark.rehearsal, pytest.mark.long]
CONTROL_PLANE = [f"staging-control-plane-{number}" for number in (1, 2, 3)]
WORKERS = [f"staging-cpu-{number}" for number in (1, 2)]
MAPS = "/api/v1/namespaces/default/configmaps"
KEPT = {"metadata": {"name": "kept"}, "data": {"still": "here"}}
HELD = 120  # seconds until a call that shall be held has come
WAITING = "waiting: no cluster answers at 10.20.0.6:6443"


@pytest.fixture(scope="module")
def rehearsal(checkout: Checkout) -> Iterator[Rehearsal]:
    checkout.without_gpus("staging")
    with rehearsing("staging", root=checkout.root, boot=True) as started:
        yield started


def log_of(rehearsal: Rehearsal, name: str, program: str) -> str:
    """Return what a program on a machine has said."""
    machine = rehearsal.layout.folder / "machines" / machines_of(rehearsal, "staging")[name].uuid
    file = machine / "root" / LOGS.relative_to("/") / f"{program}.log"
    return file.read_text(encoding="utf-8") if file.exists() else ""


def test_a_cluster_of_three(checkout: Checkout, rehearsal: Rehearsal) -> None:
    """One rehearsal, step by step; each step begins where the one before ended."""
    workers_that_boot_before_any_control_plane_join_in_the_end(rehearsal)
    nodes_made_anew_wait_for_each_other_and_nothing_is_lost(checkout, rehearsal)
    what_machines_tell_makes_no_difference_to_a_preview(rehearsal)
    no_control_plane_node_goes_while_another_one_is_away(rehearsal)


def workers_that_boot_before_any_control_plane_join_in_the_end(rehearsal: Rehearsal) -> None:
    control = rehearsal.control
    holds = [control.hold("PowerOnVM_Task", name, "before") for name in CONTROL_PLANE]
    with tempfile.TemporaryFile("w+") as said:
        process = rehearsal.popen(slipway_command("up", "staging", "--yes"), stdout=said, stderr=said)
        for hold in holds:
            control.wait_until_held(hold, HELD)
        until(lambda: {told(rehearsal, name) for name in WORKERS} == {WAITING}, "the workers wait for a cluster")
        control.release_all()
        code = process.wait()
        said.seek(0)
        assert code == 0, said.read()
    found = observed_nodes(rehearsal, "staging")
    assert set(found) == set(machines_of(rehearsal, "staging")) == {*CONTROL_PLANE, *WORKERS}
    assert [name for name in found if found[name]["role"] == "control plane"] == CONTROL_PLANE
    assert Machines(rehearsal, "staging").etcd_members() == CONTROL_PLANE


def told(rehearsal: Rehearsal, name: str) -> str:
    """Return what a machine tells vCenter of its way into the cluster; nothing while it is not there."""
    machine = machines_of(rehearsal, "staging").get(name)
    return rehearsal.control.guest_info(machine.uuid).get(NODE_STATE, "") if machine else ""


def nodes_made_anew_wait_for_each_other_and_nothing_is_lost(checkout: Checkout, rehearsal: Rehearsal) -> None:
    api = Kubernetes(rehearsal, "staging")
    before = machines_of(rehearsal, "staging")
    assert api.ask(("create", MAPS, KEPT)) == [True]
    checkout.replace(("user: ops", "user: admin"), environment="staging")
    said = slipway(rehearsal, "up", "staging", "--yes")
    order = [line for line in said.splitlines() if "replacing staging-control-plane" in line or "waiting for" in line]
    for number in (1, 2, 3):
        begun = order.index(f"staging.compute: replacing staging-control-plane-{number}, {number} of 5")
        assert order[begun + 1].startswith(
            f"staging.compute: waiting for staging-control-plane-{number} in the cluster"
        )
    after = machines_of(rehearsal, "staging")
    assert {name for name in after if after[name].uuid == before[name].uuid} == set()
    for name in CONTROL_PLANE:
        joined = log_of(rehearsal, name, "slipway-join")
        assert f"{name}: removed the etcd member " in joined
        assert "initialised" not in joined
    assert set(observed_nodes(rehearsal, "staging")) == set(after)
    assert Machines(rehearsal, "staging").etcd_members() == CONTROL_PLANE
    assert api.get(f"{MAPS}/kept")["data"] == {"still": "here"}


def what_machines_tell_makes_no_difference_to_a_preview(rehearsal: Rehearsal) -> None:
    slipway(rehearsal, "refresh", "staging")
    slipway(rehearsal, "preview", "staging", "--expect-no-changes")


def no_control_plane_node_goes_while_another_one_is_away(rehearsal: Rehearsal) -> None:
    """One is to be made anew, as a person has asked the engine, while another one is off."""
    first, second, _ = CONTROL_PLANE
    stack = ["-s", "staging.compute"]
    listed = rehearsal.run(["pulumi", "stack", "--show-urns", *stack]).stdout.split()
    urn = next(word for word in listed if word.startswith("urn:") and word.endswith(f"VirtualMachine::{first}"))
    done = rehearsal.run(["pulumi", "state", "taint", urn, "--yes", *stack])
    assert done.returncode == 0, done.stderr
    machines = Machines(rehearsal, "staging")
    machines.switch_off(second)
    before = machines_of(rehearsal, "staging")
    said = slipway(rehearsal, "up", "staging", "--yes", code=1)
    assert said.splitlines()[-1] == (
        f"staging.compute: making {first} anew: etcd could lose its quorum: not in the cluster is {second} "
        "(it is off); mend that first, then run again"
    )
    assert machines_of(rehearsal, "staging") == before
    machines.switch_on(second)
    slipway(rehearsal, "up", "staging", "--yes")
    after = machines_of(rehearsal, "staging")
    assert [name for name in after if after[name].uuid != before[name].uuid] == [first]
    assert set(observed_nodes(rehearsal, "staging")) == set(after)
    assert machines.etcd_members() == CONTROL_PLANE
