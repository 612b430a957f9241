"""Staging's three control-plane machines, booted: lost, made anew, switched off and on; the cluster lives on."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.machines.places import LOGS
from rehearsal.session import rehearsing
from tests.support.plugin_vcenter import behind_the_back
from tests.support.state import machines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = [pytest.mark.rehearsal, pytest.mark.long]
FIRST = "staging-control-plane-1"
PATIENCE = 120.0  # seconds for anything to happen


@pytest.fixture(scope="module")
def rehearsal(checkout: Checkout) -> Iterator[Rehearsal]:
    checkout.without_gpus("staging")
    with rehearsing("staging", root=checkout.root, boot=True) as started:
        yield started


def slipway(rehearsal: Rehearsal, *arguments: str) -> str:
    done = rehearsal.slipway(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def nodes(rehearsal: Rehearsal) -> dict[str, dict[str, Any]]:
    """Return what the API says of its nodes, by name; asked inside the rehearsal."""
    done = rehearsal.run([sys.executable, "-m", "rehearsal.observe_cluster", "staging"])
    assert done.returncode == 0, done.stderr
    return {node["name"]: node for node in json.loads(done.stdout)}


def log_of(rehearsal: Rehearsal, name: str, program: str) -> str:
    """Return what a program on a machine has said."""
    machine = rehearsal.layout.folder / "machines" / machines_of(rehearsal, "staging")[name].uuid
    file = machine / "root" / LOGS.relative_to("/") / f"{program}.log"
    return file.read_text(encoding="utf-8") if file.exists() else ""


def eventually(said: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not said():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.5)


def test_a_cluster_of_three(rehearsal: Rehearsal) -> None:
    """One rehearsal, step by step; each step begins where the one before ended."""
    every_machine_becomes_a_node(rehearsal)
    the_first_node_made_anew_joins_the_cluster_that_it_began(rehearsal)
    the_api_answers_on_without_the_node_that_held_its_address(rehearsal)
    everything_switched_off_and_on_comes_back(rehearsal)


def every_machine_becomes_a_node(rehearsal: Rehearsal) -> None:
    slipway(rehearsal, "up", "staging", "--yes")
    found = nodes(rehearsal)
    assert set(found) == set(machines_of(rehearsal, "staging"))
    assert {name for name, node in found.items() if node["role"] == "control plane"} == {
        name for name in found if "control-plane" in name
    }


def the_first_node_made_anew_joins_the_cluster_that_it_began(rehearsal: Rehearsal) -> None:
    before = machines_of(rehearsal, "staging")[FIRST].uuid
    urn = f"urn:pulumi:staging.compute::slipway::slipway:compute:NodePool$slipway:compute:Node::{FIRST}"
    machine = urn.replace("Node::", "Node$vsphere:index/virtualMachine:VirtualMachine::")
    command = ["pulumi", "up", "--yes", "--skip-preview", "--target-replace", machine, "-s", "staging.compute"]
    done = rehearsal.run([*command, "--non-interactive", "--target-dependents"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert machines_of(rehearsal, "staging")[FIRST].uuid != before
    eventually(lambda: f"{FIRST}: joined the cluster" in log_of(rehearsal, FIRST, "slipway-join"))
    said = log_of(rehearsal, FIRST, "slipway-join")
    assert f"{FIRST}: removed the etcd member " in said
    assert "initialised" not in said


def the_api_answers_on_without_the_node_that_held_its_address(rehearsal: Rehearsal) -> None:
    switch_off(rehearsal, FIRST)
    assert set(nodes(rehearsal)) == set(machines_of(rehearsal, "staging"))


def everything_switched_off_and_on_comes_back(rehearsal: Rehearsal) -> None:
    """`up` powers on what is off, and the nodes are those of before."""
    for name, machine in machines_of(rehearsal, "staging").items():
        if machine.power == "poweredOn":
            switch_off(rehearsal, name)
    slipway(rehearsal, "up", "staging", "--yes")
    assert set(nodes(rehearsal)) == set(machines_of(rehearsal, "staging"))


def switch_off(rehearsal: Rehearsal, name: str) -> None:
    """Cut the power of a machine, and wait until the machine room has noticed."""
    behind_the_back(rehearsal, "power_off", f"/dc-01/vm/slipway-staging/{name}")
    time.sleep(1)
