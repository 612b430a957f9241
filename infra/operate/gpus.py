"""`slipway inventory` and `slipway fit`: what a vCenter has in GPUs, and which node gets which."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from infra.catalog import ROOT, Catalog
from infra.errors import PersonError
from infra.gpu import inventory as inventories
from infra.gpu import lock as locks
from infra.gpu.planner import lock_of, plan_gpus
from infra.operate.engine import stack_with_login

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from infra.gpu.fixed import Seat
    from infra.gpu.inventory import Gpu, Host, Inventory
    from infra.gpu.planner import Plan, Unfit
    from infra.model.environment import Environment

_STYLES = {"ours": "green", "others": "yellow", "free": "default", "not for GPUs": "dim"}


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


def run_fit(environment_name: str, *, write: bool, as_json: bool) -> None:
    """Plan where an environment's GPUs go, show it, and write it if asked. Raises `GpusDoNotFit`."""
    environment, _ = Catalog().load(environment_name)
    inventory = inventories.read_inventory(
        inventories.inventory_path(ROOT, environment.vcenter.server), environment_name
    )
    path = locks.lock_path(ROOT, environment_name)
    before = locks.read_lock(path, environment_name)
    plan = plan_gpus(environment, inventory, before.seats if before else {})
    if as_json:
        print(json.dumps(_as_data(plan), indent=2, sort_keys=True))
    else:
        _show(environment, inventory, plan, before.seats if before else {})
    if plan.unfit:
        raise GpusDoNotFit(environment_name, plan.unfit)
    if write:
        path.parent.mkdir(exist_ok=True)
        path.write_text(locks.as_text(lock_of(environment, inventory, plan)), encoding="utf-8")
    if write and not as_json:
        print(f"wrote {path.relative_to(ROOT)}")


def _as_data(plan: Plan) -> dict[str, Any]:
    return {
        "pools": {
            pool.name: {"cluster": pool.cluster, "nodes": len(pool.nodes), **vars(pool.need)} for pool in plan.pools
        },
        "nodes": {node: {"host": seat.host, "devices": list(seat.devices)} for node, seat in plan.seats.items()},
        "unfit": [vars(each) for each in plan.unfit],
    }


def _show(environment: Environment, inventory: Inventory, plan: Plan, before: Mapping[str, Seat]) -> None:
    console = Console(highlight=False)
    console.print(f"inventory of {inventory.vcenter}, read {inventory.read}\n")
    pools = Table("pool", "nodes", "every node gets", "where", box=None, pad_edge=False)
    for pool in plan.pools:
        where = "pinned, see below" if pool.need.kind == "passthrough" else f"anywhere in {pool.cluster}"
        pools.add_row(pool.name, str(len(pool.nodes)), str(pool.need), where)
    console.print(pools)
    if plan.seats:
        nodes = Table("node", "host", "devices", "", box=None, pad_edge=False)
        for node, seat in sorted(plan.seats.items()):
            moved = before.get(node)
            remark = "" if moved == seat else "new" if moved is None else f"moves from {moved.host}"
            nodes.add_row(node, seat.host, ", ".join(seat.devices), remark)
        console.print()
        console.print(nodes)
    console.print()
    console.print(_picture(environment, inventory, plan))


def _picture(environment: Environment, inventory: Inventory, plan: Plan) -> Table:
    """Return every host of the clusters with GPUs, and for every GPU who has it."""
    clusters = {pool.cluster for pool in plan.pools}
    seats = {(seat.host, address): node for node, seat in plan.seats.items() for address in seat.devices}
    table = Table("host", "GPU", "board", "mode", "who", box=None, pad_edge=False)
    for host in inventory.hosts:
        if host.cluster not in clusters:
            continue
        for index, gpu in enumerate(host.gpus):
            kind, who = _who(environment, host, gpu, seats)
            name = host.name.partition(".")[0] if index == 0 else ""
            note = "" if host.usable or index else " (maintenance)"
            table.add_row(name + note, gpu.address, gpu.board or gpu.name, gpu.mode, f"[{_STYLES[kind]}]{who}[/]")
    return table


def _who(environment: Environment, host: Host, gpu: Gpu, seats: Mapping[tuple[str, str], str]) -> tuple[str, str]:
    if (host.name, gpu.address) in seats:
        return "ours", seats[host.name, gpu.address]
    own = environment.vcenter.folder
    users = [h for h in host.holders if h.powered_on and (gpu.address in h.devices or h.name in gpu.users)]
    ours = sorted(holder.name for holder in users if holder.folder == own)
    others = sorted(f"{holder.name} ({holder.folder})" for holder in users if holder.folder != own)
    if ours or others:
        return ("others" if others else "ours"), ", ".join([*ours, *others])
    return ("free", "free") if gpu.mode in ("passthrough", "vgpu", "mig") else ("not for GPUs", "not for GPUs")
