"""What `slipway fit` shows: the pools, the pinned nodes, and for every host who has which GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.gpu.fixed import Seat
    from infra.gpu.inventory import Gpu, Host, Inventory
    from infra.gpu.neighbours import Neighbour
    from infra.gpu.planner import Plan
    from infra.model.environment import Environment

_STYLES = {"ours": "green", "others": "yellow", "free": "default", "not for GPUs": "dim"}


def show_fit(
    environment: Environment,
    inventory: Inventory,
    plan: Plan,
    before: Mapping[str, Seat],
    neighbours: Sequence[Neighbour],
) -> None:
    """Print a plan; `before` is where passthrough nodes stood in the lock that is there."""
    console = Console(highlight=False)
    console.print(f"inventory of {inventory.vcenter}, read {inventory.read}\n")
    if plan.pools:
        console.print(_pools(plan, neighbours))
    if plan.seats:
        console.print()
        console.print(_nodes(plan, before))
    console.print()
    console.print(_picture(environment, inventory, plan, neighbours))


def _pools(plan: Plan, neighbours: Sequence[Neighbour]) -> Table:
    """Return the pools, and below them the other environments' that compete for the same hosts."""
    pools = Table("pool", "nodes", "every node gets", "where", box=None, pad_edge=False)
    clusters = sorted({pool.cluster for pool in plan.pools})
    competing = [each for neighbour in neighbours for cluster in clusters for each in neighbour.floating(cluster)]
    for pool in (*plan.pools, *competing):
        name = f"{pool.name} ({pool.environment})" if pool.environment else pool.name
        where = "pinned, see below" if pool.need.kind == "passthrough" else f"anywhere in {pool.cluster}"
        style = _STYLES["others"] if pool.environment else ""
        pools.add_row(name, str(len(pool.nodes)), str(pool.need), where, style=style)
    return pools


def _nodes(plan: Plan, before: Mapping[str, Seat]) -> Table:
    nodes = Table("node", "host", "devices", "", box=None, pad_edge=False)
    for node, seat in sorted(plan.seats.items()):
        moved = before.get(node)
        remark = "" if moved == seat else "new" if moved is None else f"moves from {moved.host}"
        nodes.add_row(node, seat.host, ", ".join(seat.devices), remark)
    return nodes


def _picture(environment: Environment, inventory: Inventory, plan: Plan, neighbours: Sequence[Neighbour]) -> Table:
    """Return every host of the clusters with GPUs, and for every GPU who has it."""
    clusters = {environment.cluster_of(pool) for pool in environment.node_pools.values() if pool.gpu}
    ours = {(seat.host, address): node for node, seat in plan.seats.items() for address in seat.devices}
    promised = {
        (seat.host, address): f"{node} ({neighbour.environment})"
        for neighbour in neighbours
        for node, seat in neighbour.seats.items()
        for address in seat.devices
    }
    table = Table("host", "GPU", "board", "mode", "who", box=None, pad_edge=False)
    for host in inventory.hosts:
        if host.cluster not in clusters:
            continue
        for index, gpu in enumerate(host.gpus):
            kind, who = _who(environment.vcenter.folder, host, gpu, ours, promised)
            name = host.name.partition(".")[0] if index == 0 else ""
            note = "" if host.usable or index else " (maintenance)"
            table.add_row(name + note, gpu.address, gpu.board or gpu.name, gpu.mode, f"[{_STYLES[kind]}]{who}[/]")
    return table


def _who(
    own_folder: str,
    host: Host,
    gpu: Gpu,
    ours: Mapping[tuple[str, str], str],
    promised: Mapping[tuple[str, str], str],
) -> tuple[str, str]:
    """Return how to show a GPU, and the machines that it is for or that are on it."""
    place = (host.name, gpu.address)
    if place in ours:
        return "ours", ours[place]
    if place in promised:
        return "others", promised[place]
    users = [h for h in host.holders if h.powered_on and (gpu.address in h.devices or h.name in gpu.users)]
    own = sorted(holder.name for holder in users if holder.folder == own_folder)
    others = sorted(f"{holder.name} ({holder.folder})" for holder in users if holder.folder != own_folder)
    if own or others:
        return ("others" if others else "ours"), ", ".join([*own, *others])
    return ("free", "free") if gpu.mode in ("passthrough", "vgpu", "mig") else ("not for GPUs", "not for GPUs")
