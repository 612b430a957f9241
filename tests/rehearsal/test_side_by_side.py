"""Two environments in one vCenter: neither sees the other, and what happens to one leaves the other as it is."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from infra.catalog import Catalog
from rehearsal.session import rehearsing, slipway_command
from tests.support.commands import slipway
from tests.support.state import assert_all_agree, deployment, machines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal
BOTH = ("dev", "staging")


@pytest.fixture(scope="module")
def rehearsal(checkout: Checkout) -> Iterator[Rehearsal]:
    with rehearsing("+".join(BOTH), root=checkout.root) as started:
        yield started


def identifiers(rehearsal: Rehearsal, environment: str) -> set[str]:
    """Return the identifiers of everything that vCenter made for an environment."""
    resources = deployment(rehearsal, environment)["resources"]
    return {entry["id"] for entry in resources if entry["type"].startswith("vsphere:") and entry["id"]}


def test_both_come_up_at_once_and_neither_sees_the_other(rehearsal: Rehearsal) -> None:
    runs = [
        rehearsal.popen(
            slipway_command("up", each, "compute", "--yes"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for each in BOTH
    ]
    said = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "\n".join(said)
    for each in BOTH:
        assert_all_agree(rehearsal, each)
    assert identifiers(rehearsal, "dev") & identifiers(rehearsal, "staging") == set()
    dev, staging = (machines_of(rehearsal, each) for each in BOTH)
    assert {machine.address for machine in dev.values()} & {machine.address for machine in staging.values()} == set()
    assert {machine.path.rpartition("/")[0] for machine in staging.values()} == {"/dc-01/vm/slipway-staging"}
    for each in BOTH:
        slipway(rehearsal, "preview", each, "compute", "--expect-no-changes")
        slipway(rehearsal, "refresh", each, "compute", "--expect-no-changes")


def test_control_plane_nodes_run_on_hosts_of_their_own(rehearsal: Rehearsal) -> None:
    hosts = [m.host for name, m in machines_of(rehearsal, "staging").items() if "control-plane" in name]
    assert len(set(hosts)) == len(hosts) == 3


def test_one_goes_and_the_other_stays_as_it_is(rehearsal: Rehearsal) -> None:
    before = machines_of(rehearsal, "staging")
    slipway(rehearsal, "destroy", "dev", "compute", "--yes")
    assert machines_of(rehearsal, "dev") == {}
    assert machines_of(rehearsal, "staging") == before
    slipway(rehearsal, "preview", "staging", "compute", "--expect-no-changes")
    slipway(rehearsal, "up", "dev", "compute", "--yes")
    assert_all_agree(rehearsal, "dev")


def test_environments_of_two_vcenters_are_not_rehearsed_as_one(checkout: Checkout) -> None:
    servers = [Catalog(checkout.root).load(each)[0].vcenter.server for each in ("dev", "prod")]
    command = [str(checkout.root / "slipway"), "rehearse", "dev", "prod"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stderr == (
        f"rehearsal: one has one vCenter: dev has {servers[0]}, prod has {servers[1]}; rehearse together what shares a "
        "vCenter, and the rest by itself\n"
    )
