"""The exact answer in tight cases: a small integer program over how many nodes of each pool stand on each host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import highspy

from infra.gpu.orders import GpuGroup, Pool, group_of
from infra.gpu.search import solver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.gpu.free import FreeHost

Expression = Any  # the solver's own linear expressions


def blocked_everywhere(
    target: Pool, pools: Sequence[Pool], hosts: Sequence[FreeHost]
) -> dict[str, dict[str, int]] | None:
    """Return how nodes can be placed so that every host refuses one more node of the target, or None if they can't."""
    program = solver()
    there = [pool for pool in pools if pool.nodes]
    numbers = {host.name: _host(program, host, target, there) for host in hosts}
    for pool in there:
        free = pool.nodes - (1 if pool.name == target.name else 0)
        program.addConstr(sum(numbers[host.name][pool.name] for host in hosts) <= free)
    program.run()
    status = program.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None
    values = program.getSolution().col_value
    if status != highspy.HighsModelStatus.kOptimal or not values:
        return {}  # the time ran out: it could not be shown to work
    return {
        host: {pool: number for pool, variable in of.items() if (number := round(values[variable.index]))}
        for host, of in numbers.items()
    }


def _host(program: Any, host: FreeHost, target: Pool, pools: Sequence[Pool]) -> dict[str, Any]:  # noqa: ANN401
    """Add one host: the nodes that can stand on it, and that it refuses one more of the target. Return the numbers."""
    numbers = {pool.name: program.addIntegral(0, min(pool.nodes, 1) if pool.apart else pool.nodes) for pool in pools}
    memory = sum(pool.memory_mib * numbers[pool.name] for pool in pools)
    program.addConstr(memory <= host.memory_mib)
    no_memory, no_gpu, no_rule = (program.addBinary() for _ in range(3))
    program.addConstr(no_memory + no_gpu + no_rule >= 1)
    program.addConstr(memory >= (host.memory_mib - target.memory_mib + 1) * no_memory)
    program.addConstr(numbers[target.name] >= no_rule if target.apart else no_rule <= 0)
    left = None
    for pool_group in _groups(pools):
        if pool_group[0].need.kind == "vgpu":
            remaining = _shared(program, host, target, pool_group, numbers)
        else:
            remaining = _devices(program, host, target, pool_group, numbers)
        left = remaining if remaining is not None else left
    if left is None:
        raise AssertionError("the target is among the pools")
    room, most = left
    program.addConstr(room <= target.need.count - 1 + most * (1 - no_gpu))
    return numbers


def _groups(pools: Sequence[Pool]) -> list[list[Pool]]:
    """Return the pools that compete for the same GPUs, together."""
    groups: dict[tuple[str, str, bool], list[Pool]] = {}
    for pool in pools:
        key = (pool.need.kind, pool.need.board, pool.need.mig)
        groups.setdefault(key, []).append(pool)
    return list(groups.values())


def _shared(
    program: Any,  # noqa: ANN401
    host: FreeHost,
    target: Pool,
    pools: Sequence[Pool],
    numbers: dict[str, Any],
) -> tuple[Expression, int] | None:
    """Add the GPUs that carry vGPUs; return the slots left for the target with their upper bound, if it is among them.

    Each size begins GPUs of its own: `begun` of them. A host that spreads lets every vGPU begin an empty GPU; one that
    consolidates lets a size begin another GPU only when those it has begun are full.
    """
    needs = {pool.need.type_name: pool.need for pool in pools}
    group = group_of(pools[0].need, host, list(needs.values()))
    begun = {type_name: program.addIntegral(0, group.empty) for type_name in needs}
    program.addConstr(sum(begun.values()) <= group.empty)
    asked: dict[str, Expression] = {}
    for type_name, need in needs.items():
        vgpus = sum(pool.need.count * numbers[pool.name] for pool in pools if pool.need.type_name == type_name)
        if need.profile not in host.profiles:
            program.addConstr(vgpus <= 0)
        program.addConstr(vgpus <= group.left[type_name] + need.per_gpu() * begun[type_name])
        asked[type_name] = vgpus
        if type_name != target.need.type_name or target not in pools:
            _begins(program, host, group, need.per_gpu(), type_name, begun[type_name], vgpus)
    if target not in pools:
        return None
    own = target.need.type_name
    per_gpu = target.need.per_gpu()
    others = sum(variable for type_name, variable in begun.items() if type_name != own)
    room = group.left[own] + per_gpu * group.empty - per_gpu * others - asked[own]
    return room, group.left[own] + per_gpu * group.empty


def _begins(
    program: Any,  # noqa: ANN401
    host: FreeHost,
    group: GpuGroup,
    per_gpu: int,
    type_name: str,
    begun: Any,  # noqa: ANN401
    vgpus: Expression,
) -> None:
    """Bound how many empty GPUs the vGPUs of one size can begin, by the host's way of placing them."""
    if not host.consolidates:
        program.addConstr(begun <= vgpus)
        return
    any_begun = program.addBinary()
    program.addConstr(begun <= group.empty * any_begun)
    # to begin the n-th GPU, the slots that are left and n-1 whole GPUs have to be full
    most = group.left[type_name] + per_gpu * group.empty + 1
    program.addConstr(vgpus - group.left[type_name] >= per_gpu * begun - per_gpu + 1 - most * (1 - any_begun))


def _devices(
    program: Any,  # noqa: ANN401
    host: FreeHost,
    target: Pool,
    pools: Sequence[Pool],
    numbers: dict[str, Any],
) -> tuple[Expression, int] | None:
    """Add whole devices: which label's devices each pool takes; return what is left for the target, if it is here."""
    board = pools[0].need.board
    labels: dict[str, int] = {}
    for gpu in host.devices:
        if gpu.board == board:
            labels[gpu.label] = labels.get(gpu.label, 0) + 1
    taken: dict[str, list[Any]] = {label: [] for label in labels}
    for pool in pools:
        parts = []
        for label, number in labels.items():
            if pool.need.label in ("", label):
                part = program.addIntegral(0, number)
                taken[label].append(part)
                parts.append(part)
        wanted = pool.need.count * numbers[pool.name]
        program.addConstr(sum(parts) - wanted == 0 if parts else wanted <= 0)
    for label, number in labels.items():
        if taken[label]:
            program.addConstr(sum(taken[label]) <= number)
    if target not in pools:
        return None
    mine = [label for label in labels if target.need.label in ("", label)]
    most = sum(labels[label] for label in mine)
    return most - sum(part for label in mine for part in taken[label]), most
