"""`slipway inventory` and `slipway fit`: what a vCenter has in GPUs, and which node gets which."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.catalog import ROOT, Catalog
from infra.errors import NotPossibleHere, PersonError
from infra.gpu import inventory as inventories
from infra.gpu import lock as locks
from infra.gpu.planner import lock_of, plan_gpus
from infra.operate.engine import stack_with_login
from infra.operate.fit_picture import show_fit
from infra.operate.neighbours import promised_to_others

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from infra.gpu.fixed import Seat
    from infra.gpu.inventory import Inventory
    from infra.gpu.neighbours import Neighbour
    from infra.gpu.planner import Plan, Unfit
    from infra.model.environment import Environment


class GpusDoNotFit(PersonError):
    """GPU pools that an inventory has no room for, all at once."""

    def __init__(self, environment: str, unfit: Iterable[Unfit]) -> None:
        source = f"stacks/environments/{environment}.yaml"
        super().__init__("\n".join(f"{source}: {each.path}: {each.value}: {each.reason}; {each.fix}" for each in unfit))


def run_inventory(environment_name: str) -> Iterator[str]:
    """Read hosts and GPUs of an environment's vCenter into its inventory file, and yield what was found."""
    from infra.vsphere.gpu_inventory import read_gpu_inventory  # noqa: PLC0415 - fit needs no pyvmomi
    from infra.vsphere.session import vcenter_session  # noqa: PLC0415

    environment, _ = Catalog().load(environment_name)
    stack = stack_with_login(environment_name)
    begun = time.monotonic()
    with vcenter_session(stack.credentials(environment)) as vcenter:
        found, requests = read_gpu_inventory(vcenter, environment.vcenter.server)
    path = inventories.inventory_path(ROOT, environment.vcenter.server)
    path.parent.mkdir(exist_ok=True)
    path.write_text(inventories.as_text(found), encoding="utf-8")
    gpus = sum(len(host.gpus) for host in found.hosts)
    seconds = time.monotonic() - begun
    yield f"{path.relative_to(ROOT)}: {len(found.hosts)} hosts, {gpus} GPUs; {requests} requests, {seconds:.1f} s"


@dataclass(frozen=True)
class Fitting:
    """A fit plan with all that it was made from; `before` is where the present lock has passthrough nodes."""

    environment: Environment
    inventory: Inventory
    before: Mapping[str, Seat]
    neighbours: Sequence[Neighbour]
    notes: Sequence[str]
    plan: Plan


def work_out_fit(catalog: Catalog, environment_name: str) -> Fitting:
    """Return where an environment's GPUs go, by the inventory and the locks of a checkout.

    Raises `NotPossibleHere` without GPUs in the document or without an inventory.
    """
    environment, _ = catalog.load(environment_name)
    if not environment.has_gpus:
        fix = f"give one a `gpu`, or go on: ./slipway preview {environment_name}"
        raise NotPossibleHere(f"stacks/environments/{environment_name}.yaml", "no pool has GPUs, nothing to place", fix)
    path = inventories.inventory_path(catalog.root, environment.vcenter.server)
    inventory = inventories.read_inventory(path, environment_name)
    lock = locks.read_lock(locks.lock_path(catalog.root, environment_name), environment_name)
    before = lock.seats if lock else {}
    neighbours, notes = promised_to_others(catalog, environment_name)
    plan = plan_gpus(environment, inventory, before, neighbours)
    return Fitting(environment, inventory, before, neighbours, notes, plan)


def write_lock(root: Path, fitting: Fitting) -> str:
    """Write the placement lock of a plan into a checkout and return its path there. Raises `GpusDoNotFit`."""
    if fitting.plan.unfit:
        raise GpusDoNotFit(fitting.environment.name, fitting.plan.unfit)
    path = locks.lock_path(root, fitting.environment.name)
    path.parent.mkdir(exist_ok=True)
    lock = lock_of(fitting.environment, fitting.inventory, fitting.plan)
    path.write_text(locks.as_text(lock), encoding="utf-8")
    return str(path.relative_to(root))


def run_fit(environment_name: str, *, write: bool, as_json: bool) -> None:
    """Plan where an environment's GPUs go, show it, and write it if asked.

    Raises `GpusDoNotFit`, and `NotPossibleHere` without GPUs in the document or without an inventory.
    """
    fitting = work_out_fit(Catalog(), environment_name)
    if as_json:
        print(json.dumps(_as_data(fitting.plan), indent=2, sort_keys=True))
    else:
        show_fit(fitting.environment, fitting.inventory, fitting.plan, fitting.before, fitting.neighbours)
    for note in fitting.notes:
        print(note, file=sys.stderr)
    if fitting.plan.unfit:
        raise GpusDoNotFit(environment_name, fitting.plan.unfit)
    if write:
        written = write_lock(ROOT, fitting)
        print(f"wrote {written}", file=sys.stderr if as_json else sys.stdout)


def _as_data(plan: Plan) -> dict[str, Any]:
    return {
        "pools": {
            pool.name: {"cluster": pool.cluster, "nodes": len(pool.nodes), **vars(pool.need)} for pool in plan.pools
        },
        "nodes": {node: {"host": seat.host, "devices": list(seat.devices)} for node, seat in plan.seats.items()},
        "unfit": [vars(each) for each in plan.unfit],
    }
