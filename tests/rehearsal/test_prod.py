"""Production, rehearsed: every pool on its cluster and storage, control plane spread over hosts, quiet second runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rehearsal.session import rehearsing
from tests.support.commands import slipway
from tests.support.killing import killed_run
from tests.support.state import assert_all_agree, deployment, in_folder, machines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = [pytest.mark.rehearsal, pytest.mark.long]


@pytest.fixture(scope="module")
def rehearsal(checkout: Checkout) -> Iterator[Rehearsal]:
    with rehearsing("prod", root=checkout.root) as started:
        yield started


def test_prod_from_nothing_to_quiet_second_runs(rehearsal: Rehearsal) -> None:
    slipway(rehearsal, "doctor", "prod")
    killed_run(rehearsal, "prod", "CreateDVPortgroup_Task", "slipway-prod", "after")
    killed_run(rehearsal, "prod", "ReconfigureComputeResource_Task", "gpu-01", "after")
    assert "a killed run was creating slipway-prod" in (rehearsal.layout.folder / "killed.log").read_text()
    said = slipway(rehearsal, "up", "prod", "compute", "--yes", "--leftovers", "adopt")
    assert "prod.compute: a killed run was creating prod-training-" in said
    assert_all_agree(rehearsal, "prod")
    slipway(rehearsal, "preview", "prod", "compute", "--expect-no-changes")
    slipway(rehearsal, "refresh", "prod", "compute", "--expect-no-changes")
    slipway(rehearsal, "preview", "prod", "compute", "--expect-no-changes")


@pytest.mark.parametrize(("pool", "cluster"), [("control-plane", "esx-0"), ("data", "esx-1")])
def test_nodes_that_must_be_apart_run_on_hosts_of_their_own(rehearsal: Rehearsal, pool: str, cluster: str) -> None:
    hosts = [machine.host for name, machine in machines_of(rehearsal, "prod").items() if f"prod-{pool}-" in name]
    assert len(set(hosts)) == len(hosts) == 3
    assert all(host.startswith(cluster) for host in hosts)


def test_machines_have_the_disks_of_their_pool_on_the_datastore_cluster(rehearsal: Rehearsal) -> None:
    machines = [e for e in deployment(rehearsal, "prod")["resources"] if e["type"].endswith(":VirtualMachine")]
    disks = {entry["outputs"]["name"]: [disk["size"] for disk in entry["outputs"]["disks"]] for entry in machines}
    assert disks["prod-data-1"] == [100, 2048]
    assert disks["prod-cpu-4"] == [200]


def test_prod_goes_on_purpose_alone(rehearsal: Rehearsal) -> None:
    assert rehearsal.slipway("destroy", "prod", "compute", "--yes").returncode == 2
    slipway(rehearsal, "destroy", "prod", "compute", "--yes", "--including-protected")
    assert in_folder(rehearsal, "prod") == []
