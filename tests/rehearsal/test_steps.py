"""An environment that lives: second runs are quiet, and each kind of change does what it should and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.state import MACHINE, assert_all_agree, deployment, simulated_machines

if TYPE_CHECKING:
    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal
CPU_POOL_SIZES = "    count: 2\n    cpus: 4\n    memoryGiB: 16\n    diskGiB: 100\n"


def up(rehearsal: Rehearsal) -> str:
    done = rehearsal.slipway("up", "dev", "compute", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def changes(rehearsal: Rehearsal) -> set[str]:
    """Return what plain `pulumi preview` would change, as `operation name`."""
    done = rehearsal.run(["pulumi", "preview", "-s", "dev.compute", "--json", "--non-interactive"])
    assert done.returncode == 0, done.stdout + done.stderr
    import json  # noqa: PLC0415 - used here alone

    steps = json.loads(done.stdout)["steps"]
    return {f"{step['op']} {step['urn'].rpartition('::')[2]}" for step in steps if step["op"] != "same"}


def disk_sizes(rehearsal: Rehearsal) -> dict[str, int]:
    machines = [entry for entry in deployment(rehearsal)["resources"] if entry["type"] == MACHINE]
    return {entry["outputs"]["name"]: entry["outputs"]["disks"][0]["size"] for entry in machines}


def test_an_environment_through_its_changes(checkout: Checkout, rehearsal: Rehearsal) -> None:
    """One rehearsal, step by step, as an environment lives; each step begins where the one before ended."""
    up(rehearsal)
    assert_all_agree(rehearsal)
    second_runs_are_quiet(rehearsal)
    more_cpus_restart_that_pool_alone(checkout, rehearsal)
    a_larger_disk_restarts_nothing(checkout, rehearsal)
    a_smaller_disk_is_refused_by_the_preview(checkout, rehearsal)
    a_new_pool_and_a_new_node_move_nobody(checkout, rehearsal)
    a_renamed_pool_is_another_pool(checkout, rehearsal)
    nodes_with_a_rule_hand_their_addresses_on(checkout, rehearsal)
    another_login_and_another_tag_make_every_node_anew(checkout, rehearsal)
    a_removed_pool_goes_alone(checkout, rehearsal)


def second_runs_are_quiet(rehearsal: Rehearsal) -> None:
    assert changes(rehearsal) == set()
    quiet = rehearsal.slipway("refresh", "dev", "compute", "--expect-no-changes")
    assert quiet.returncode == 0, quiet.stdout + quiet.stderr


def more_cpus_restart_that_pool_alone(checkout: Checkout, rehearsal: Rehearsal) -> None:
    before = simulated_machines(rehearsal)
    checkout.replace((CPU_POOL_SIZES, CPU_POOL_SIZES.replace("cpus: 4", "cpus: 6")))
    assert changes(rehearsal) == {"update dev-cpu-1", "update dev-cpu-2"}
    rehearsal.control.reset_calls()
    assert "dev.compute: restarting dev-cpu-2, 2 of 2" in up(rehearsal)
    assert rehearsal.control.calls().get("ShutdownGuest", 0) == 2
    assert simulated_machines(rehearsal) == before


def a_larger_disk_restarts_nothing(checkout: Checkout, rehearsal: Rehearsal) -> None:
    checkout.replace(("diskGiB: 60", "diskGiB: 80"))
    assert changes(rehearsal) == {"update dev-control-plane-1"}
    rehearsal.control.reset_calls()
    up(rehearsal)
    assert not {"ShutdownGuest", "PowerOffVM_Task"} & set(rehearsal.control.calls())
    assert disk_sizes(rehearsal) == {"dev-control-plane-1": 80, "dev-cpu-1": 100, "dev-cpu-2": 100}


def a_smaller_disk_is_refused_by_the_preview(checkout: Checkout, rehearsal: Rehearsal) -> None:
    checkout.replace(("diskGiB: 80", "diskGiB: 70"))
    refused = rehearsal.slipway("preview", "dev", "compute")
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1] == (
        "dev.compute: a disk can't shrink: dev-control-plane-1 disk0 (80 GiB, asked 70); ask for the size that it has, "
        "or move the nodes to another pool"
    )
    checkout.replace(("diskGiB: 70", "diskGiB: 80"))


def a_new_pool_and_a_new_node_move_nobody(checkout: Checkout, rehearsal: Rehearsal) -> None:
    before = simulated_machines(rehearsal)
    checkout.replace(("    count: 2", "    count: 3"), ("nodePools:\n", f"nodePools:\n  batch:\n{small_pool()}"))
    assert changes(rehearsal) == {"create dev-cpu-3", "create dev-batch-1", "create pool=batch", "create batch"}
    up(rehearsal)
    assert {name: simulated_machines(rehearsal)[name] for name in before} == before


def a_renamed_pool_is_another_pool(checkout: Checkout, rehearsal: Rehearsal) -> None:
    """Its machines go, and new ones come at its addresses: the giver before the taker."""
    checkout.replace(("  batch:\n", "  night:\n"))
    assert changes(rehearsal) == {
        f"{operation} {name.format(pool)}"
        for operation, pool in (("delete", "batch"), ("create", "night"))
        for name in ("{}", "pool={}", "dev-{}-1")
    }
    first = "dev.compute: dev-batch-1 goes first: its address 10.20.0.60 is given to dev-night-1\n"
    assert first in rehearsal.slipway("preview", "dev", "compute").stdout
    assert first in up(rehearsal)
    assert_all_agree(rehearsal)


def nodes_with_a_rule_hand_their_addresses_on(checkout: Checkout, rehearsal: Rehearsal) -> None:
    checkout.replace(("  night:\n", "  night:\n    antiAffinity: preferred\n"), ("    count: 1\n", "    count: 2\n"))
    up(rehearsal)
    checkout.replace(("  night:\n", "  late:\n"))
    assert "dev.compute: dev-night-2 goes first: its address 10.20.0.61 is given to dev-late-2" in up(rehearsal)
    assert_all_agree(rehearsal)
    checkout.replace(("  late:\n    antiAffinity: preferred\n", "  night:\n"), ("    count: 2\n", "    count: 1\n"))
    up(rehearsal)


def another_login_and_another_tag_make_every_node_anew(checkout: Checkout, rehearsal: Rehearsal) -> None:
    """Machines that are made anew one by one stand on a tag that is new: it comes first."""
    checkout.replace(("user: ops", "user: admin"), ("service: ai-platform", "service: other"))
    assert {change for change in changes(rehearsal) if "dev-" in change} == {
        f"replace {name}" for name in simulated_machines(rehearsal)
    }
    done = up(rehearsal)
    assert "dev.compute: what is new besides the nodes comes first" in done
    assert [line for line in done.splitlines() if line.startswith("dev.compute: replacing")] == [
        f"dev.compute: replacing {name}, {number} of 5"
        for number, name in enumerate(sorted(simulated_machines(rehearsal)), start=1)
    ]
    assert_all_agree(rehearsal)
    assert changes(rehearsal) == set()


def a_removed_pool_goes_alone(checkout: Checkout, rehearsal: Rehearsal) -> None:
    checkout.replace((f"  night:\n{small_pool()}", ""))
    assert changes(rehearsal) == {"delete dev-night-1", "delete pool=night", "delete night"}
    up(rehearsal)
    assert_all_agree(rehearsal)


def small_pool() -> str:
    return "    count: 1\n    cpus: 2\n    memoryGiB: 4\n    diskGiB: 40\n    addresses: 10.20.0.60-10.20.0.69\n"
