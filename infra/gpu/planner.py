"""The fit plan: which node gets which GPUs, or every reason why it can't be, with the nearest request that fits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from infra.gpu.asked import MIB_PER_GIB, Asked, asked_pool
from infra.gpu.fixed import FixedPool, Seat, seats
from infra.gpu.free import FreeHost, free_hosts
from infra.gpu.lock import PlacementLock, PoolLock, request_hash
from infra.gpu.need import NoNeed, need_of, slots
from infra.gpu.orders import Pool, capacity, first_stuck
from infra.model.environment import pool_path
from infra.model.gpu_boards import boards, mmio_of_machine, overridden

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from infra.gpu.inventory import Inventory
    from infra.gpu.neighbours import Neighbour
    from infra.model.environment import Environment
    from infra.model.nodes import NodePool


@dataclass(frozen=True)
class Unfit:
    """A pool that can't be had: `path` in the document, `value` asked, `reason` with what every host lacks, `fix`."""

    path: str
    value: str
    reason: str
    fix: str


@dataclass(frozen=True)
class Plan:
    """What was found: a seat for every node with passthrough, the pools, and what does not fit."""

    pools: tuple[Asked, ...]
    seats: Mapping[str, Seat]
    unfit: tuple[Unfit, ...]


def plan_gpus(
    environment: Environment,
    inventory: Inventory,
    present: Mapping[str, Seat],
    neighbours: Sequence[Neighbour] = (),
) -> Plan:
    """Return where the GPU nodes of an environment go, or why not. `present` is where passthrough nodes stand now.

    What `neighbours` have been promised is theirs: it is not given away, and still fits afterwards if it did before.
    Pure and deterministic: the same question has the same answer.
    """
    from infra.gpu.refusal import refuse  # noqa: PLC0415 - reasons are worked out only when there are any

    asked, unfit = _asked(environment, inventory)
    found: dict[str, Seat] = {}
    for cluster in sorted({pool.cluster for pool in asked}):
        here = [pool for pool in asked if pool.cluster == cluster]
        here += [pool for neighbour in neighbours for pool in neighbour.floating(cluster)]
        hosts = free_hosts(inventory.cluster(cluster), environment.vcenter.folder, neighbours)
        placed = fit_cluster(here, hosts, present)
        if placed is None:
            unfit += refuse(here, hosts, present)
        else:
            found |= placed
    return Plan(tuple(asked), found, tuple(unfit))


def fit_cluster(
    asked: Sequence[Asked], hosts: Sequence[FreeHost], present: Mapping[str, Seat]
) -> dict[str, Seat] | None:
    """Return seats for the passthrough nodes of one cluster when all its GPU pools fit together, else None.

    Pools of other environments among them are such as vSphere places; their passthrough nodes' seats are not free.
    """
    flexible = [_flexible(pool) for pool in asked if pool.need.kind != "passthrough"]
    fixed = [_fixed(pool) for pool in asked if pool.need.kind == "passthrough"]
    own = {node for pool in fixed for node in pool.nodes}
    placed = seats(fixed, [_for_fixed(host, flexible) for host in hosts], {n: present[n] for n in own if n in present})
    if placed is None:
        return None
    memory = {node: pool.memory_mib for pool in fixed for node in pool.nodes}
    power_on = _PowerOn(flexible, [str(pool) for pool in asked if not pool.environment], hosts, placed, memory)
    if not power_on.works([pool.name for pool in flexible]):
        return None
    surviving = [str(pool) for pool in asked if pool.survives]
    return placed if not surviving or power_on.works_without_any_host(surviving) else None


class _PowerOn:
    """Powering on the nodes that vSphere places, ours and others', beside our passthrough nodes."""

    def __init__(
        self,
        pools: Sequence[Pool],
        ours: Collection[str],
        hosts: Sequence[FreeHost],
        placed: Mapping[str, Seat],
        memory: Mapping[str, int],
    ) -> None:
        self._pools = pools
        self._ours = ours
        self._before = hosts
        self._after = [_for_flexible(host, placed, memory) for host in hosts]

    def works(self, targets: Collection[str], lost: str = "") -> bool:
        """Whether no order leaves a node of the target pools without a host, when one host may be `lost`.

        Other environments' pools that can be left without one even when we are not there are not our concern.
        """
        after = [host for host in self._after if host.name != lost]
        if first_stuck(self._pools, after, targets) is None:
            return True
        others = [pool for pool in self._pools if pool.name not in self._ours]
        before = [host for host in self._before if host.name != lost]
        concerns = [name for name in targets if name in self._ours or first_stuck(others, before, [name]) is None]
        return first_stuck(self._pools, after, concerns) is None

    def works_without_any_host(self, targets: Collection[str]) -> bool:
        """Whether the target pools survive a host's loss, whichever host it is."""
        alike = {_likeness(host): host.name for host in self._after}  # losing one of two that are alike is the same
        return all(self.works(targets, lost) for lost in alike.values())


def _likeness(host: FreeHost) -> tuple[object, ...]:
    devices = sorted((gpu.board, gpu.label) for gpu in host.devices)
    shared = sorted((gpu.board, gpu.mig, sorted(gpu.taken.items())) for gpu in host.shared)
    return host.usable, host.memory_mib, host.consolidates, host.profiles, str(devices), str(shared)


def _flexible(pool: Asked) -> Pool:
    return Pool(str(pool), len(pool.nodes), pool.need, pool.memory_mib, pool.apart)


def _fixed(pool: Asked) -> FixedPool:
    placement = "pack" if pool.placement == "pack" else "spread"
    return FixedPool(pool.name, pool.nodes, pool.need, pool.memory_mib, placement, pool.apart)  # type: ignore[arg-type]


def _for_fixed(host: FreeHost, flexible: Sequence[Pool]) -> FreeHost:
    """Return what a host has for nodes that are pinned to it, whatever vSphere puts there first.

    Devices that a dynamic request could be given are not pinned, and memory is kept for all that vSphere may place.
    """
    needs = [pool.need for pool in flexible if pool.need.kind == "dynamic" and pool.nodes]
    devices = tuple(
        gpu
        for gpu in host.devices
        if not any(gpu.board == need.board and need.label in ("", gpu.label) for need in needs)
    )
    visiting = sum(min(pool.nodes, capacity(pool, host)) * pool.memory_mib for pool in flexible)
    return replace(host, devices=devices, memory_mib=max(host.memory_mib - visiting, 0))


def _for_flexible(host: FreeHost, placed: Mapping[str, Seat], memory: Mapping[str, int]) -> FreeHost:
    pinned = {node: seat for node, seat in placed.items() if seat.host == host.name}
    taken = {address for seat in pinned.values() for address in seat.devices}
    return host.without(taken, sum(memory[node] for node in pinned))


def _asked(environment: Environment, inventory: Inventory) -> tuple[list[Asked], list[Unfit]]:
    """Return the pools with GPUs with their needs, and those whose request means nothing in their cluster."""
    asked, unfit = [], []
    for name, pool in sorted(environment.node_pools.items()):
        if pool.gpu is None:
            continue
        try:
            asked.append(_one(environment, inventory, name, pool))
        except NoNeed as no:
            reason, _, fix = str(no).rpartition("; ")
            unfit.append(Unfit(f"{pool_path(name)}.gpu", pool.gpu.wanted(), reason, fix))
    return asked, unfit


def _one(environment: Environment, inventory: Inventory, name: str, pool: NodePool) -> Asked:
    assert pool.gpu is not None  # noqa: S101 - the caller asks for pools with GPUs alone
    cluster = environment.cluster_of(pool)
    hosts = inventory.cluster(cluster)
    if not hosts:
        raise NoNeed(f"the inventory has no cluster {cluster}; read it again: ./slipway inventory {environment.name}")
    return asked_pool(environment, name, need_of(pool.gpu, hosts, cluster))


def lock_of(environment: Environment, inventory: Inventory, plan: Plan) -> PlacementLock:
    """Return the lock of a plan in which everything fits."""
    return PlacementLock(
        environment=environment.name,
        vcenter=inventory.vcenter,
        inventory_read=inventory.read,
        request=request_hash(environment),
        pools={pool.name: _pool_lock(environment, pool) for pool in plan.pools},
        seats=dict(plan.seats),
    )


def _pool_lock(environment: Environment, pool: Asked) -> PoolLock:
    override = environment.gpu_overrides.get(pool.need.board)
    board = overridden(boards()[pool.need.board], override.mmio_gib if override else None)
    return PoolLock(pool.cluster, pool.need, mmio_of_machine(board, pool.need.count))


def lacks(pool: Asked, hosts: Iterable[FreeHost]) -> list[str]:
    """Return what each host lacks for one node of a pool, in words; nothing for hosts that could take one."""
    found = []
    for host in hosts:
        there = slots(pool.need, host)
        if not host.usable:
            found.append(f"{host.name} is in maintenance or disconnected")
        elif there < pool.need.count:
            what = pool.need.profile or pool.need.board
            beside = f" beside those of {', '.join(host.promised)}" if host.promised else ""
            found.append(f"{host.name} has {there} free of {pool.need.count} {what}{beside}")
        elif host.memory_mib < pool.memory_mib:
            found.append(
                f"{host.name} has {host.memory_mib // MIB_PER_GIB} of {pool.memory_mib // MIB_PER_GIB} GiB memory"
            )
    return found
