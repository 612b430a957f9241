"""Staging's three control-plane machines, booted: lost, made anew, switched off and on; the cluster lives on."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.machines.places import LOGS
from rehearsal.session import rehearsing
from tests.support.commands import slipway
from tests.support.plugin_vcenter import behind_the_back
from tests.support.state import machines_of

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = [pytest.mark.rehearsal, pytest.mark.long]
FIRST = "staging-control-plane-1"  # it holds the API's address after the start
CONFIG_MAP = json.dumps({"metadata": {"name": "kept"}, "data": {"still": "here"}})
ASK = """
import json, os, sys
from pathlib import Path
from rehearsal.machines.api import Api
api = Api(Path(os.environ["KUBECONFIG"]))
verb, path, *body = sys.argv[1:]
print(json.dumps(api.create(path, json.loads(body[0])) if verb == "create" else api.get(path)))
"""


@pytest.fixture(scope="module")
def rehearsal(checkout: Checkout) -> Iterator[Rehearsal]:
    checkout.without_gpus("staging")
    with rehearsing("staging", root=checkout.root, boot=True) as started:
        yield started


def nodes(rehearsal: Rehearsal) -> dict[str, dict[str, Any]]:
    """Return what the API says of its nodes, by name; asked inside the rehearsal."""
    done = rehearsal.run([sys.executable, "-m", "rehearsal.observe_cluster", "staging", "staging"])
    assert done.returncode == 0, done.stderr
    return {node["name"]: node for node in json.loads(done.stdout)}


def log_of(rehearsal: Rehearsal, name: str, program: str) -> str:
    """Return what a program on a machine has said."""
    machine = rehearsal.layout.folder / "machines" / machines_of(rehearsal, "staging")[name].uuid
    file = machine / "root" / LOGS.relative_to("/") / f"{program}.log"
    return file.read_text(encoding="utf-8") if file.exists() else ""


def ask_api(rehearsal: Rehearsal, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Ask the API for something inside the rehearsal: a verb, a path, a body."""
    return rehearsal.run([sys.executable, "-c", ASK, *arguments])


def kubernetes(rehearsal: Rehearsal, verb: str, path: str, body: str = "{}") -> Any:
    """Ask the API for something as the administrator, and return the answer."""
    done = ask_api(rehearsal, verb, path, body)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_cluster_of_three(checkout: Checkout, rehearsal: Rehearsal) -> None:
    """One rehearsal, step by step; each step begins where the one before ended."""
    every_machine_becomes_a_node(rehearsal)
    nodes_made_anew_wait_for_each_other_and_nothing_is_lost(checkout, rehearsal)
    what_machines_tell_makes_no_difference_to_a_preview(rehearsal)
    the_api_answers_on_without_the_node_that_held_its_address(rehearsal)
    everything_switched_off_and_on_comes_back(rehearsal)


def every_machine_becomes_a_node(rehearsal: Rehearsal) -> None:
    slipway(rehearsal, "up", "staging", "--yes")
    found = nodes(rehearsal)
    assert set(found) == set(machines_of(rehearsal, "staging"))
    assert {name for name, node in found.items() if node["role"] == "control plane"} == {
        name for name in found if "control-plane" in name
    }


def nodes_made_anew_wait_for_each_other_and_nothing_is_lost(checkout: Checkout, rehearsal: Rehearsal) -> None:
    before = machines_of(rehearsal, "staging")
    kubernetes(rehearsal, "create", "/api/v1/namespaces/default/configmaps", CONFIG_MAP)
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
    for number in (1, 2, 3):
        joined = log_of(rehearsal, f"staging-control-plane-{number}", "slipway-join")
        assert f"staging-control-plane-{number}: removed the etcd member " in joined
        assert "initialised" not in joined
    assert set(nodes(rehearsal)) == set(after)
    found = kubernetes(rehearsal, "get", "/api/v1/namespaces/default/configmaps/kept")
    assert found["data"] == {"still": "here"}


def what_machines_tell_makes_no_difference_to_a_preview(rehearsal: Rehearsal) -> None:
    slipway(rehearsal, "refresh", "staging")
    slipway(rehearsal, "preview", "staging", "--expect-no-changes")


def the_api_answers_on_without_the_node_that_held_its_address(rehearsal: Rehearsal) -> None:
    switch_off(rehearsal, FIRST)
    assert machines_of(rehearsal, "staging")[FIRST].power == "poweredOff"
    assert set(nodes(rehearsal)) == set(machines_of(rehearsal, "staging"))


def everything_switched_off_and_on_comes_back(rehearsal: Rehearsal) -> None:
    """`up` powers on what is off, and the nodes are those of before."""
    for name, machine in machines_of(rehearsal, "staging").items():
        if machine.power == "poweredOn":
            switch_off(rehearsal, name)
    assert ask_api(rehearsal, "get", "/version").returncode != 0, "nobody is there to answer"
    slipway(rehearsal, "up", "staging", "--yes")
    assert set(nodes(rehearsal)) == set(machines_of(rehearsal, "staging"))


def switch_off(rehearsal: Rehearsal, name: str) -> None:
    """Cut the power of a machine, and wait until the machine room has noticed."""
    behind_the_back(rehearsal, "power_off", f"/dc-01/vm/slipway-staging/{name}")
    time.sleep(1)
