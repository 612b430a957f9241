"""An environment with three control-plane nodes: protected, kept on different hosts, made anew one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rehearsal.session import rehearsing
from tests.support.commands import slipway
from tests.support.killing import killed_run
from tests.support.state import assert_all_agree, deployment, machines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal
RULE = "vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule"


@pytest.fixture(scope="module")
def rehearsal(checkout: Checkout) -> Iterator[Rehearsal]:
    checkout.without_gpus("staging")  # they come up, and stay quiet, beside dev in another test
    with rehearsing("staging", root=checkout.root) as started:
        yield started


def control_plane(rehearsal: Rehearsal) -> dict[str, str]:
    """Return host by name of the control-plane nodes."""
    machines = machines_of(rehearsal, "staging").items()
    return {name: machine.host for name, machine in machines if "control-plane" in name}


def test_an_environment_that_is_protected(checkout: Checkout, rehearsal: Rehearsal) -> None:
    """One rehearsal, step by step; each step begins where the one before ended."""
    a_killed_rule_is_taken_over(rehearsal)
    it_can_not_be_destroyed_by_mistake(rehearsal)
    a_protected_pool_can_not_be_shrunk(checkout, rehearsal)
    nodes_are_made_anew_one_by_one_and_stay_on_different_hosts(checkout, rehearsal)
    a_disk_comes_and_grows_without_a_restart(checkout, rehearsal)
    a_disk_is_not_lost_without_a_word(checkout, rehearsal)
    what_is_protected_stays_so_when_destroying_fails_half_way(rehearsal)
    on_purpose_everything_goes(rehearsal)


def a_killed_rule_is_taken_over(rehearsal: Rehearsal) -> None:
    killed_run(rehearsal, "staging", "ReconfigureComputeResource_Task", "cluster-01", "after")
    said = slipway(rehearsal, "up", "staging", "compute", "--yes")
    assert "staging.compute: a killed run was creating staging-control-plane\n" in said
    assert_all_agree(rehearsal, "staging")
    assert len(set(control_plane(rehearsal).values())) == 3
    slipway(rehearsal, "preview", "staging", "compute", "--expect-no-changes")


def it_can_not_be_destroyed_by_mistake(rehearsal: Rehearsal) -> None:
    before = machines_of(rehearsal, "staging")
    said = slipway(rehearsal, "destroy", "staging", "compute", "--yes", code=2)
    assert said == (
        "staging.compute: controlPlane: protected from deletion in stacks/environments/staging.yaml; to let go, take "
        "them from `protected`, run `./slipway up staging` and repeat this, or repeat it now with "
        "--including-protected\n"
    )
    plain = rehearsal.run(["pulumi", "destroy", "--yes", "-s", "staging.compute", "--non-interactive"])
    assert plain.returncode != 0
    assert "protect" in plain.stdout + plain.stderr
    assert machines_of(rehearsal, "staging") == before


def a_protected_pool_can_not_be_shrunk(checkout: Checkout, rehearsal: Rehearsal) -> None:
    before = machines_of(rehearsal, "staging")
    checkout.replace(("controlPlane:\n  count: 3", "controlPlane:\n  count: 1"), environment="staging")
    said = slipway(rehearsal, "up", "staging", "compute", "--yes", code=2)
    assert said.splitlines()[-1].startswith(
        "staging.compute: staging-control-plane-2, staging-control-plane-3: protected from deletion in "
    )
    assert machines_of(rehearsal, "staging") == before
    checkout.restore("staging")


def nodes_are_made_anew_one_by_one_and_stay_on_different_hosts(checkout: Checkout, rehearsal: Rehearsal) -> None:
    before = machines_of(rehearsal, "staging")
    checkout.replace(("clientId: kubernetes", "clientId: kubernetes-staging"), environment="staging")
    said = slipway(rehearsal, "up", "staging", "compute", "--yes")
    assert [line for line in said.splitlines() if line.startswith("staging.compute: replacing")] == [
        f"staging.compute: replacing staging-control-plane-{number}, {number} of 3" for number in (1, 2, 3)
    ]
    after = machines_of(rehearsal, "staging")
    assert {name for name in after if after[name].uuid != before[name].uuid} == set(control_plane(rehearsal))
    assert len(set(control_plane(rehearsal).values())) == 3
    protected = {
        e["urn"].rpartition("::")[2] for e in deployment(rehearsal, "staging")["resources"] if e.get("protect")
    }
    assert protected == {"control-plane", *control_plane(rehearsal)}
    (rule,) = [entry for entry in deployment(rehearsal, "staging")["resources"] if entry["type"] == RULE]
    assert set(rule["outputs"]["virtualMachineIds"]) == {after[name].uuid for name in control_plane(rehearsal)}
    slipway(rehearsal, "preview", "staging", "compute", "--expect-no-changes")
    slipway(rehearsal, "refresh", "staging", "compute", "--expect-no-changes")


def a_disk_comes_and_grows_without_a_restart(checkout: Checkout, rehearsal: Rehearsal) -> None:
    before = machines_of(rehearsal, "staging")
    rehearsal.control.reset_calls()
    pool = "nodePools:\n  cpu:\n"
    checkout.replace((pool, f"{pool}    dataDisks: {{scratch: {{sizeGiB: 10, unit: 3}}}}\n"), environment="staging")
    slipway(rehearsal, "up", "staging", "compute", "--yes")
    checkout.replace(("sizeGiB: 10", "sizeGiB: 20"), environment="staging")
    slipway(rehearsal, "up", "staging", "compute", "--yes")
    assert machines_of(rehearsal, "staging") == before
    assert not {"ShutdownGuest", "PowerOffVM_Task"} & set(rehearsal.control.calls())
    slipway(rehearsal, "preview", "staging", "compute", "--expect-no-changes")


def a_disk_is_not_lost_without_a_word(checkout: Checkout, rehearsal: Rehearsal) -> None:
    before = machines_of(rehearsal, "staging")
    checkout.replace(("user: ops", "user: admin"), environment="staging")
    said = slipway(rehearsal, "up", "staging", "compute", "--yes", code=2)
    assert "staging.compute: staging-cpu-1 loses its data disks with all that is on them: scratch" in said
    assert said.splitlines()[-1] == (
        "slipway: nobody is there to answer «Delete the data disks of staging-cpu-1, staging-cpu-2, with all that is "
        "on them?»; repeat the command with --lose-disks"
    )
    assert machines_of(rehearsal, "staging") == before
    slipway(rehearsal, "up", "staging", "compute", "--yes", "--lose-disks")
    assert_all_agree(rehearsal, "staging")
    checkout.replace(("    dataDisks: {scratch: {sizeGiB: 20, unit: 3}}\n", ""), environment="staging")
    assert "--lose-disks" in slipway(rehearsal, "up", "staging", "compute", "--yes", code=2)


def what_is_protected_stays_so_when_destroying_fails_half_way(rehearsal: Rehearsal) -> None:
    rehearsal.control.fail("Destroy_Task", "staging-control-plane-2", "InvalidState", "played: not now")
    slipway(rehearsal, "destroy", "staging", "compute", "--yes", "--including-protected", code=1)
    assert "controlPlane: protected" in slipway(rehearsal, "destroy", "staging", "compute", "--yes", code=2)


def on_purpose_everything_goes(rehearsal: Rehearsal) -> None:
    slipway(rehearsal, "destroy", "staging", "compute", "--yes", "--including-protected")
    assert machines_of(rehearsal, "staging") == {}
