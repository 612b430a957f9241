"""Staging's cluster when something breaks: a machine dies, a cable is cut, all goes off; it lives on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from rehearsal.session import rehearsing
from tests.support.commands import slipway
from tests.support.faults import Machines, until
from tests.support.kubernetes import Kubernetes, observed_nodes
from tests.support.state import machines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = [pytest.mark.rehearsal, pytest.mark.long]
MAPS = "/api/v1/namespaces/default/configmaps"
KEPT = {"metadata": {"name": "kept"}, "data": {"still": "here"}}


@pytest.fixture(scope="module")
def rehearsal(checkout: Checkout) -> Iterator[Rehearsal]:
    checkout.without_gpus("staging")
    with rehearsing("staging", root=checkout.root, boot=True) as started:
        yield started


@pytest.fixture(scope="module")
def machines(rehearsal: Rehearsal) -> Machines:
    slipway(rehearsal, "up", "staging", "--yes")
    assert set(observed_nodes(rehearsal, "staging")) == set(machines_of(rehearsal, "staging"))
    return Machines(rehearsal, "staging")


def readiness(rehearsal: Rehearsal, name: str) -> str:
    """Return the status of a node's condition Ready: True, False or Unknown."""
    node = Kubernetes(rehearsal, "staging").get(f"/api/v1/nodes/{name}")
    return next(str(each["status"]) for each in node["status"]["conditions"] if each["type"] == "Ready")


def until_ready(rehearsal: Rehearsal, name: str) -> float:
    return until(lambda: readiness(rehearsal, name) == "True", f"{name} is ready")


def until_not_ready(rehearsal: Rehearsal, name: str) -> float:
    return until(lambda: readiness(rehearsal, name) == "Unknown", f"{name} is not ready")


def test_a_cluster_that_loses_machines(rehearsal: Rehearsal, machines: Machines) -> None:
    """One rehearsal, step by step; each step begins where the one before ended."""
    assert Kubernetes(rehearsal, "staging").ask(("create", MAPS, KEPT)) == [True]
    the_api_answers_on_when_the_machine_with_its_address_dies(rehearsal, machines)
    the_api_answers_on_when_the_cable_of_that_machine_is_cut(rehearsal, machines)
    a_worker_whose_cable_is_cut_comes_back_too(rehearsal, machines)
    everything_switched_off_and_on_comes_back(rehearsal, machines)


def the_api_answers_on_when_the_machine_with_its_address_dies(rehearsal: Rehearsal, machines: Machines) -> None:
    lost = machines.holder()
    with machines.silence() as longest:
        machines.switch_off(lost)
        until(lambda: machines.holder() not in ("", lost), "another machine has the API's address")
        time.sleep(2)  # for answers that are on their way
    print(f"{lost} has died: the API was silent for {longest():.1f} s")
    assert machines_of(rehearsal, "staging")[lost].power == "poweredOff"
    print(f"{lost} has died: not ready after another {until_not_ready(rehearsal, lost):.0f} s")
    machines.switch_on(lost)
    print(f"{lost} is on again: ready after {until_ready(rehearsal, lost):.0f} s")
    print(f"{lost} is on again: its API server, too, after another {until(machines.all_ready, 'all are ready'):.0f} s")


def the_api_answers_on_when_the_cable_of_that_machine_is_cut(rehearsal: Rehearsal, machines: Machines) -> None:
    lost = machines.holder()
    with machines.silence() as longest:
        machines.pull_out(lost)
        until(lambda: machines.holder() not in ("", lost), "another machine has the API's address")
        print(f"{lost} is cut off: not ready after another {until_not_ready(rehearsal, lost):.0f} s")
    print(f"{lost} is cut off: the API was silent for {longest():.1f} s")
    with machines.silence() as longest:
        machines.plug_in(lost)
        print(f"{lost} is plugged in again: ready after {until_ready(rehearsal, lost):.0f} s")
        assert machines.holder() != lost
    print(f"{lost} is plugged in again: the API was silent for {longest():.1f} s")


def a_worker_whose_cable_is_cut_comes_back_too(rehearsal: Rehearsal, machines: Machines) -> None:
    machines.pull_out("staging-cpu-1")
    until_not_ready(rehearsal, "staging-cpu-1")
    machines.plug_in("staging-cpu-1")
    until_ready(rehearsal, "staging-cpu-1")


def everything_switched_off_and_on_comes_back(rehearsal: Rehearsal, machines: Machines) -> None:
    """`up` powers on what is off, and the nodes are those of before."""
    before = machines_of(rehearsal, "staging")
    machines.switch_off(*before)
    assert machines.holder() == ""
    slipway(rehearsal, "up", "staging", "--yes")
    after = machines_of(rehearsal, "staging")
    assert {name: machine.uuid for name, machine in after.items()} == {name: m.uuid for name, m in before.items()}
    assert set(observed_nodes(rehearsal, "staging")) == set(before)
    assert machines.etcd_members() == sorted(name for name in before if "-control-plane-" in name)
    assert Kubernetes(rehearsal, "staging").get(f"{MAPS}/kept")["data"] == {"still": "here"}
