"""Whether vGPU and Dynamic DirectPath nodes of a cluster start in every order.

vSphere chooses the host at every power-on, and the host the GPU. A plan is good when no order and no choice of a host
leaves a node without one. So the question is put the other way round: can some of the nodes be placed so that every
host refuses another one? A host refuses when its memory, its GPUs or a rule that keeps nodes apart leaves no room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.gpu.need import room_on, slots

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from infra.gpu.free import FreeHost, SharedGpu
    from infra.gpu.need import Need


@dataclass(frozen=True)
class Pool:
    """Nodes that vSphere places: `nodes` of them, each with a need and reserved memory; `apart`: one per host."""

    name: str
    nodes: int
    need: Need
    memory_mib: int
    apart: bool = False


@dataclass(frozen=True)
class Stuck:
    """How nodes can be placed so that one more of `pool` finds no host: how many of each pool on each host."""

    pool: str
    placed: dict[str, dict[str, int]]


def first_stuck(
    pools: Sequence[Pool], hosts: Sequence[FreeHost], targets: Collection[str] | None = None
) -> Stuck | None:
    """Return a way in which a node of a pool gets stuck, or None when every order works.

    `targets` names the pools to ask about; without it all are. Exact for time-sliced vGPUs and dynamic devices.
    MIG-backed profiles of several sizes are counted as if a GPU carried one size only: where on a GPU an instance comes
    to lie is not known beforehand.
    """
    usable = [host for host in hosts if host.usable]
    for pool in pools:
        if pool.nodes == 0 or (targets is not None and pool.name not in targets):
            continue
        takers = [host for host in usable if capacity(pool, host) > 0]
        if not takers:
            return Stuck(pool.name, {})
        if len(pools) == 1:
            room = {host.name: capacity(pool, host) for host in takers}
            if sum(room.values()) < pool.nodes:
                return Stuck(pool.name, {name: {pool.name: number} for name, number in room.items()})
            continue
        others = sum(each.nodes for each in pools) - 1
        if sum(_fewest_to_block(pool, pools, host) for host in takers) > others:
            continue
        from infra.gpu.blocking import blocked_everywhere  # noqa: PLC0415 - the solver is needed in tight cases alone

        placed = blocked_everywhere(pool, pools, takers)
        if placed is not None:
            return Stuck(pool.name, placed)
    return None


def capacity(pool: Pool, host: FreeHost) -> int:
    """Return how many nodes of a pool a host can take when nothing else comes."""
    if not host.usable:
        return 0
    by_memory = host.memory_mib // pool.memory_mib
    return min(slots(pool.need, host) // pool.need.count, by_memory, 1 if pool.apart else by_memory)


def _fewest_to_block(target: Pool, pools: Sequence[Pool], host: FreeHost) -> int:
    """Return a number of nodes that are too few to make a host refuse the target: a lower bound, cheap to have."""
    most_memory = max(pool.memory_mib for pool in pools if pool.nodes)
    by_memory = -(-(host.memory_mib - target.memory_mib + 1) // most_memory)
    loss = max(_loss(target.need, pool.need) for pool in pools if pool.nodes)
    spare = slots(target.need, host) - target.need.count + 1
    by_gpu = -(-spare // loss) if loss else by_memory
    return max(min(by_memory, by_gpu, 1 if target.apart else by_memory), 0)


def _loss(need: Need, other: Need) -> int:
    """Return how many slots of a need one node with another need can take away at most."""
    if need.kind != other.kind or need.board != other.board:
        return 0
    same = need.kind == "dynamic" or need.type_name == other.type_name
    return other.count if same else other.count * need.per_gpu()


@dataclass(frozen=True)
class GpuGroup:
    """GPUs of a host that the same vGPUs can go to: how many carry nothing, and slots left on begun ones, by type."""

    empty: int
    left: dict[str, int]


def group_of(need: Need, host: FreeHost, needs: Sequence[Need]) -> GpuGroup:
    """Return the GPUs of a host that a vGPU need can go to, with the slots that are left for each of some needs."""
    gpus = [gpu for gpu in host.shared if (gpu.board, gpu.mig) == (need.board, need.mig)]
    begun = [gpu for gpu in gpus if any(gpu.taken.values())]
    left = {each.type_name: sum(_left(each, gpu) for gpu in begun) for each in needs}
    return GpuGroup(len(gpus) - len(begun), left)


def _left(need: Need, gpu: SharedGpu) -> int:
    return room_on(need, gpu.taken)
