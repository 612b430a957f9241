"""What other environments of a vCenter are promised by their locks is not given away a second time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from infra.catalog import ROOT
from infra.gpu.fixed import Seat
from infra.gpu.inventory import Holder, Inventory, inventory_path, read_inventory
from infra.gpu.neighbours import Neighbour, neighbour_of
from infra.gpu.planner import lock_of, plan_gpus
from tests.support.environments import PROD, changed

if TYPE_CHECKING:
    from infra.model.environment import Environment

ROOMY = read_inventory(inventory_path(ROOT, PROD.vcenter.server), "prod")
LAB = changed(PROD, {"name": "lab", "vcenter.folder": "slipway-lab"})
FIRST = ("0000:5e:00.0", "0000:af:00.0")


def only(environment: Environment, pool: str, changes: dict[str, Any] | None = None) -> Environment:
    """Return an environment with one GPU pool."""
    others = {f"nodePools.{name}": None for name, p in environment.node_pools.items() if p.gpu and name != pool}
    return changed(environment, {**others, **{f"nodePools.{pool}.{key}": v for key, v in (changes or {}).items()}})


def promised(environment: Environment, inventory: Inventory = ROOMY) -> Neighbour:
    """Return what an environment gets of an inventory that it is alone in."""
    plan = plan_gpus(environment, inventory, {})
    assert plan.unfit == ()
    return neighbour_of(environment, lock_of(environment, inventory, plan))


def standing(*holders: tuple[str, Holder]) -> Inventory:
    """Return the roomy inventory with more machines, each on the host of that first label."""
    by_host: dict[str, list[Holder]] = {}
    for host, holder in holders:
        by_host.setdefault(host, []).append(holder)
    hosts = tuple(
        replace(host, holders=(*host.holders, *by_host.get(host.name.partition(".")[0], []))) for host in ROOMY.hosts
    )
    return replace(ROOMY, hosts=hosts)


def machine(name: str, devices: tuple[str, ...]) -> Holder:
    return Holder(name, "slipway-prod", powered_on=True, reserved_mib=256 * 1024, devices=devices)


def reasons(environment: Environment, inventory: Inventory, *neighbours: Neighbour) -> list[str]:
    found = plan_gpus(environment, inventory, {}, neighbours).unfit
    return [f"{each.path}: {each.reason}; {each.fix}" for each in found]


def test_devices_of_another_lock_are_taken_before_its_machines_stand() -> None:
    one_each = only(PROD, "training", {"count": 2, "gpu": {"board": "H100 PCIe", "count": 1}})
    theirs = promised(one_each)
    plan = plan_gpus(only(LAB, "training", {"count": 2, "gpu": {"board": "H100 PCIe"}}), ROOMY, {}, [theirs])
    given = {(seat.host, seat.devices) for seat in theirs.seats.values()}
    assert len(plan.seats) == len(given) == 2
    assert not given & {(seat.host, seat.devices) for seat in plan.seats.values()}


def test_a_refusal_names_who_else_has_been_promised_them() -> None:
    (said,) = reasons(only(LAB, "training"), ROOMY, promised(only(PROD, "training")))
    assert "esx-21.prod.example.internal has 0 free of 2 H100 PCIe beside those of prod" in said


def test_a_machine_that_stands_as_its_lock_says_is_not_counted_twice() -> None:
    """Counted twice it would leave no memory for the third node."""
    theirs = promised(only(PROD, "training", {"count": 1, "memoryGiB": 400, "gpu": {"board": "H100 PCIe"}}))
    seat = theirs.seats["prod-training-1"]
    there = standing(
        (seat.host.partition(".")[0], replace(machine("prod-training-1", seat.devices), reserved_mib=409600))
    )
    asked = only(LAB, "training", {"count": 3, "memoryGiB": 400, "gpu": {"board": "H100 PCIe"}})
    assert reasons(asked, there, theirs) == []


def test_a_machine_that_stands_as_an_older_lock_said_counts_with_both_places() -> None:
    theirs = replace(
        promised(only(PROD, "training", {"count": 1})),
        seats={"prod-training-1": Seat("esx-21.prod.example.internal", FIRST)},
    )
    there = standing(("esx-22", machine("prod-training-1", FIRST)))
    (said,) = reasons(only(LAB, "training", {"count": 1}), there, theirs)
    assert "gpu-01 has room for 0 of them" in said


def test_vgpus_of_another_lock_compete_in_every_order() -> None:
    theirs = promised(only(PROD, "inference"))
    asked = only(LAB, "inference", {"count": 4, "gpu": {"board": "H100 PCIe", "share": "1/1"}})
    (said,) = reasons(asked, ROOMY, theirs)
    assert said.startswith("nodePools.inference.gpu: gpu-01 has room for 3 of them")
    (said,) = reasons(
        only(LAB, "inference", {"count": 3, "gpu": {"board": "H100 PCIe", "share": "1/1"}}), ROOMY, theirs
    )
    assert said.startswith(
        "nodePools.inference.gpu: fits gpu-01 alone, but not together with nodePools.inference of prod in every order"
    )


def test_another_environment_that_does_not_fit_any_more_does_not_keep_ours_from_fitting() -> None:
    theirs = promised(only(PROD, "notebooks"))
    lost = replace(
        ROOMY,
        hosts=tuple(replace(host, maintenance=host.name.startswith(("esx-21", "esx-22"))) for host in ROOMY.hosts),
    )
    assert reasons(only(LAB, "inference"), lost, theirs) == []


def test_a_survivor_next_door_still_survives() -> None:
    """Prod's pool survives a host's loss; four more nodes that fit would take that away, and are refused."""
    theirs = promised(only(PROD, "inference", {"count": 4}))
    careless = {"count": 8, "gpu": {"board": "H100 PCIe", "share": "1/4"}}
    (said,) = reasons(only(LAB, "inference", careless), ROOMY, theirs)
    assert "nodePools.inference of prod" in said
    fewer = {"count": 3, "gpu": {"board": "H100 PCIe", "share": "1/4"}}
    assert reasons(only(LAB, "inference", fewer), ROOMY, theirs) == []


def test_one_that_can_not_start_anyway_takes_no_protection_from_the_others() -> None:
    """A third environment has a board that nobody has: the second one's GPUs are still not given away."""
    good = promised(only(PROD, "inference", {"count": 3, "gpu": {"board": "H100 PCIe", "share": "1/1"}}))
    wrong = promised(only(PROD, "notebooks"))
    broken = replace(
        wrong, environment="broken", pools=tuple(replace(pool, environment="broken") for pool in wrong.pools)
    )
    lost = replace(
        ROOMY,
        hosts=tuple(replace(host, maintenance=host.name.startswith(("esx-21", "esx-22"))) for host in ROOMY.hosts),
    )
    asked = only(LAB, "inference", {"count": 1, "gpu": {"board": "H100 PCIe", "share": "1/4", "count": 4}})
    assert reasons(asked, lost, good) != []
    assert reasons(asked, lost, good, broken) != []


def test_a_machine_in_another_cluster_than_its_lock_says_counts_with_both() -> None:
    theirs = promised(only(PROD, "training", {"count": 1}))
    moved = replace(theirs, pools=tuple(replace(pool, cluster="elsewhere") for pool in theirs.pools), seats={})
    there = standing(("esx-21", machine("prod-training-1", FIRST)))
    (said,) = reasons(only(LAB, "training"), there, moved)
    assert "gpu-01 has room for 1 of them" in said
