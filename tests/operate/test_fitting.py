"""A placement held against a vCenter and other environments' promises: what `up` refuses before it touches anything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.catalog import ROOT
from infra.gpu.inventory import inventory_path, read_inventory
from infra.gpu.lock import lock_path, read_lock
from infra.gpu.neighbours import neighbour_of
from infra.operate.fitting import PlacementOutdated, _check_placement
from tests.support.environments import PROD, changed

ROOMY = read_inventory(inventory_path(ROOT, PROD.vcenter.server), "prod")
LOCK = read_lock(lock_path(ROOT, "prod"), "prod")
AGAIN = "plan anew: ./slipway inventory prod && ./slipway fit prod --write"


def refusal(inventory: object, *neighbours: object) -> list[str]:
    with pytest.raises(PlacementOutdated) as refused:
        _check_placement(PROD, LOCK, inventory, neighbours)  # type: ignore[arg-type]
    return str(refused.value).splitlines()


def test_what_is_as_it_was_planned_is_accepted() -> None:
    assert LOCK is not None
    _check_placement(PROD, LOCK, ROOMY, [])


def test_devices_that_another_lock_has_too_are_refused_with_its_name() -> None:
    assert LOCK is not None
    lab = neighbour_of(changed(PROD, {"name": "lab", "vcenter.folder": "slipway-lab"}), LOCK)
    pinned = replace(
        lab,
        pools=tuple(replace(pool, nodes=("lab-training-1",)) for pool in lab.pools if pool.name == "training"),
        seats={"lab-training-1": LOCK.seats["prod-training-1"]},
    )
    (said,) = refusal(ROOMY, pinned)
    assert said.startswith(
        "stacks/placements/prod.yaml: nodePools.training.gpu: 2 nodes with 2 x H100 PCIe (passthrough)"
    )
    assert "esx-21.prod.example.internal has 0 free of 2 H100 PCIe beside those of lab" in said
    assert said.endswith(AGAIN)


def test_devices_that_could_be_had_elsewhere_are_refused_too_since_the_lock_names_these() -> None:
    assert LOCK is not None
    moved = {
        **LOCK.seats,
        "prod-training-1": replace(LOCK.seats["prod-training-1"], devices=("0000:99:00.0", "0000:9a:00.0")),
    }
    with pytest.raises(PlacementOutdated) as refused:
        _check_placement(PROD, replace(LOCK, seats=moved), ROOMY, [])
    assert str(refused.value) == (
        "stacks/placements/prod.yaml: prod-training-1: 0000:99:00.0, 0000:9a:00.0 of esx-21.prod.example.internal "
        f"can't be had any more; {AGAIN}"
    )
