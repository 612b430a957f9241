"""The fit plan of prod on a roomy, a full and an overfull vCenter, the files it is kept in, and a large one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.catalog import ROOT
from infra.errors import NotPossibleHere
from infra.gpu import inventory as inventories
from infra.gpu import lock as locks
from infra.gpu.fixed import Seat
from infra.gpu.inventory import Holder, Inventory, inventory_path, read_inventory
from infra.gpu.planner import lock_of, plan_gpus
from tests.support.environments import DEV, PROD, changed
from tests.support.large import LARGE_REQUEST, large_inventory

if TYPE_CHECKING:
    from pathlib import Path

ROOMY = read_inventory(inventory_path(ROOT, PROD.vcenter.server), "prod")


def with_hosts(**changes: dict[str, object]) -> Inventory:
    """Return the roomy inventory with other facts of some hosts, named by their first label."""
    hosts = tuple(
        replace(host, **changes.get(host.name.partition(".")[0].replace("-", "_"), {}))  # type: ignore[arg-type]
        for host in ROOMY.hosts
    )
    return replace(ROOMY, hosts=hosts)


def stranger(name: str, *, devices: tuple[str, ...] = (), profile: str = "", reserved_mib: int = 1024) -> Holder:
    return Holder(name, "other-team", True, reserved_mib, devices, ((profile, 1),) if profile else ())  # noqa: FBT003


def used_by(host: str, user: str) -> dict[str, object]:
    """Return the facts of a host on all of whose GPUs a stranger has an 80 GiB vGPU."""
    found = next(each for each in ROOMY.hosts if each.name.startswith(host))
    return {
        "gpus": tuple(replace(gpu, users=(user,)) for gpu in found.gpus),
        "holders": tuple(
            replace(stranger(user, profile="nvidia_h100-80c"), profiles=(("nvidia_h100-80c", len(found.gpus)),))
            for _ in range(1)
        ),
    }


def unfit(inventory: Inventory) -> list[str]:
    plan = plan_gpus(PROD, inventory, {})
    return [f"{each.path}: {each.value}: {each.reason}; {each.fix}" for each in plan.unfit]


def test_roomy() -> None:
    plan = plan_gpus(PROD, ROOMY, {})
    assert plan.unfit == ()
    assert plan.seats == {
        "prod-training-1": Seat("esx-21.prod.example.internal", ("0000:5e:00.0", "0000:af:00.0")),
        "prod-training-2": Seat("esx-22.prod.example.internal", ("0000:5e:00.0", "0000:af:00.0")),
    }


def test_full_names_what_every_host_lacks() -> None:
    """A stranger took one device: there is a seat for one node less."""
    (said,) = unfit(with_hosts(esx_21={"holders": (stranger("a", devices=("0000:5e:00.0",)),)}))
    assert said == (
        "nodePools.training.gpu: 2 nodes with 2 x H100 PCIe (passthrough) and 256 GiB each: gpu-01 has room for 1 of "
        "them (esx-21.prod.example.internal has 1 free of 2 H100 PCIe, esx-23.prod.example.internal has 0 free of 2 "
        "H100 PCIe, esx-24.prod.example.internal has 0 free of 2 H100 PCIe); what fits: 1 node or 1 per node"
    )


def test_overfull_says_why_not_for_every_pool_with_the_nearest_that_fits() -> None:
    overfull = with_hosts(
        esx_22={"maintenance": True}, esx_23=used_by("esx-23", "big"), esx_24=used_by("esx-24", "huge")
    )
    found = unfit(overfull)
    assert [line.partition(":")[0] for line in found] == [
        "nodePools.inference.gpu",
        "nodePools.training.gpu",
    ]
    assert "gpu-01 has room for 0 of them" in found[0]
    assert found[0].endswith("nothing like it fits: add GPUs, or free some")
    assert "esx-22.prod.example.internal is in maintenance or disconnected" in found[1]
    assert found[1].endswith("what fits: 1 node or 1 per node")


def test_pools_that_fit_alone_and_not_together_are_refused_together() -> None:
    both = changed(
        PROD,
        {
            "nodePools.inference.gpu": {"profile": "nvidia_h100-20c"},
            "nodePools.training.gpu": {"profile": "nvidia_h100-80c", "count": 1},
            "nodePools.training.count": 2,
        },
    )
    plan = plan_gpus(both, ROOMY, {})
    assert [each.path for each in plan.unfit] == ["nodePools.inference.gpu", "nodePools.training.gpu"]
    assert plan.unfit[0].reason == (
        "fits gpu-01 alone, but not together with nodePools.training in every order of powering on"
    )


def test_a_hosts_loss_is_survived_only_with_room_elsewhere() -> None:
    more = changed(PROD, {"nodePools.inference.count": 8})
    (refused,) = plan_gpus(more, ROOMY, {}).unfit
    assert refused.reason == "gpu-01 has room for all of them, but not when one host is lost"
    assert refused.fix.startswith("what fits: 7 nodes")
    careless = changed(more, {"nodePools.inference.gpu.surviveHostLoss": False})
    assert plan_gpus(careless, ROOMY, {}).unfit == ()


@pytest.mark.parametrize(
    ("gpu", "reason"),
    [
        ({"board": "H200"}, "gpu-01 has no H200"),
        ({"board": "H100", "share": "1/3"}, "H100 PCIe has no profile of 1/3"),
        ({"board": "A100 PCIe 80", "mig": "5g.50gb"}, "A100 PCIe 80 has no MIG profile 5g.50gb"),
        ({"profile": "grid_t4-16c"}, "no host of gpu-01 reports that profile"),
        ({"board": "A100 PCIe 80", "share": "1/4"}, "no host of gpu-01 reports profile grid_a100d-20c"),
    ],
)
def test_requests_that_mean_nothing_here_are_refused_with_what_there_is(gpu: dict[str, object], reason: str) -> None:
    (refused,) = plan_gpus(changed(PROD, {"nodePools.training.gpu": gpu}), ROOMY, {}).unfit
    assert refused.reason == reason
    assert "there: " in refused.fix or "of it: " in refused.fix or "it has " in refused.fix


def test_family_of_a_board_is_the_one_kind_that_the_cluster_has() -> None:
    (training,) = [p for p in plan_gpus(changed(PROD, {"nodePools.training.gpu": {"board": "H100"}}), ROOMY, {}).pools
                   if p.name == "training"]  # fmt: skip
    assert training.need.board == "H100 PCIe"


def test_files_come_back_as_they_were_written(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(inventories.as_text(ROOMY), encoding="utf-8")
    assert read_inventory(file, "prod") == ROOMY
    lock = lock_of(PROD, ROOMY, plan_gpus(PROD, ROOMY, {}))
    file.write_text(locks.as_text(lock), encoding="utf-8")
    assert locks.read_lock(file, "prod") == lock


def test_committed_lock_is_what_the_committed_inventory_gives() -> None:
    path = locks.lock_path(ROOT, "prod")
    plan = plan_gpus(PROD, ROOMY, {})
    assert path.read_text(encoding="utf-8") == locks.as_text(lock_of(PROD, ROOMY, plan))


def test_lock_that_is_missing_or_stale_is_refused(tmp_path: Path) -> None:
    path = locks.lock_path(tmp_path, "prod")
    assert locks.valid_lock(path, DEV) is None, "nothing to place"
    with pytest.raises(NotPossibleHere) as missing:
        locks.valid_lock(path, PROD)
    assert str(missing.value) == (
        "stacks/placements/prod.yaml: there is no placement of the GPUs yet; plan it: ./slipway fit prod --write"
    )
    other = changed(PROD, {"nodePools.inference.count": 3})
    with pytest.raises(NotPossibleHere, match="was made for another request than the document's"):
        locks.valid_lock(locks.lock_path(ROOT, "prod"), other)


def test_own_machines_count_as_not_there() -> None:
    """What the environment's machines hold now is theirs again in every order of powering on."""
    own = replace(stranger("prod-training-1", devices=("0000:5e:00.0", "0000:af:00.0")), folder="slipway-prod")
    assert unfit(with_hosts(esx_21={"holders": (own,)})) == []


def test_a_large_vcenter_is_planned_for() -> None:
    """1,000 hosts, 8,000 GPUs, 2,000 nodes; `make benchmarks` prints how long it takes."""
    plan = plan_gpus(LARGE_REQUEST, large_inventory(1000), {})
    assert plan.unfit == ()
    assert len(plan.seats) == 1000
