"""Why GPU pools don't fit, and the nearest request that does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from infra.counting import counted
from infra.gpu.asked import MIB_PER_GIB, Asked
from infra.gpu.need import slots
from infra.gpu.orders import Pool, capacity
from infra.gpu.planner import Unfit, fit_cluster, lacks
from infra.model.environment import pool_path
from infra.model.gpu_boards import boards, parse_profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from infra.gpu.fixed import Seat
    from infra.gpu.free import FreeHost

MOST_HOSTS = 6  # hosts that a refusal names; the others are counted


def refuse(asked: Sequence[Asked], hosts: Sequence[FreeHost], present: Mapping[str, Seat]) -> list[Unfit]:
    """Return why GPU pools of a cluster don't fit: those that don't even alone, else as few as don't together.

    Other environments' pools may be among those; what is refused is of this one.
    """
    own = [pool for pool in asked if not pool.environment]
    alone = [pool for pool in own if fit_cluster([pool], hosts, present) is None]
    if alone:
        return [_unfit(pool, asked, hosts, present, alone=True) for pool in alone]
    core = list(asked)
    for pool in asked:  # a pool without which the others still don't fit has no part in it
        rest = [other for other in core if other is not pool]
        if fit_cluster(rest, hosts, present) is None:
            core = rest
    return [_unfit(pool, core, hosts, present, alone=False) for pool in core if not pool.environment]


def _unfit(
    pool: Asked,
    asked: Sequence[Asked],
    hosts: Sequence[FreeHost],
    present: Mapping[str, Seat],
    *,
    alone: bool,
) -> Unfit:
    others = [] if alone else [other for other in asked if other is not pool]
    nearest = list(nearest_fits(pool, others, hosts, present))
    return Unfit(
        path=f"{pool_path(pool.name)}.gpu",
        value=f"{counted(len(pool.nodes), 'node')} with {pool.need} and {pool.memory_mib // MIB_PER_GIB} GiB each",
        reason=_reason(pool, others, hosts),
        fix=f"what fits: {' or '.join(nearest)}" if nearest else "nothing like it fits: add GPUs, or free some",
    )


def _reason(pool: Asked, others: Sequence[Asked], hosts: Sequence[FreeHost]) -> str:
    room = sum(_alone_on(pool, host) for host in hosts)
    if not others and room < len(pool.nodes):
        lines = lacks(pool, hosts)
        named = ", ".join(lines[:MOST_HOSTS])
        more = f" and {len(lines) - MOST_HOSTS} more hosts" if len(lines) > MOST_HOSTS else ""
        detail = f" ({named}{more})" if lines else ""
        return f"{pool.cluster} has room for {room} of them{detail}"
    if not others and pool.survives:
        return f"{pool.cluster} has room for all of them, but not when one host is lost"
    if not others:
        return f"{pool.cluster} has room for {room} of them, but not in every order of powering on"
    names = ", ".join(str(other) for other in others)
    return f"fits {pool.cluster} alone, but not together with {names} in every order of powering on"


def _alone_on(pool: Asked, host: FreeHost) -> int:
    if pool.need.kind != "passthrough":
        return capacity(Pool(pool.name, len(pool.nodes), pool.need, pool.memory_mib, pool.apart), host)
    by_gpu = slots(pool.need, host) // pool.need.count if host.usable else 0
    return min(by_gpu, host.memory_mib // pool.memory_mib, 1 if pool.apart else by_gpu)


def nearest_fits(
    pool: Asked, others: Sequence[Asked], hosts: Sequence[FreeHost], present: Mapping[str, Seat]
) -> Iterator[str]:
    """Yield the nearest requests that fit beside the other pools: fewer nodes, fewer GPUs each, a smaller profile."""

    def fits(changed: Asked) -> bool:
        return fit_cluster([*others, changed], hosts, present) is not None

    fewer = _most_nodes(pool, fits)
    if fewer:
        yield counted(fewer, "node")
    for count in range(pool.need.count - 1, 0, -1):
        if fits(replace(pool, need=replace(pool.need, count=count))):
            yield f"{count} per node"
            break
    for name, type_name in _smaller_profiles(pool, hosts):
        if fits(replace(pool, need=replace(pool.need, profile=name, type_name=type_name))):
            yield f"profile {name}"
            break


def _most_nodes(pool: Asked, fits: Callable[[Asked], bool]) -> int:
    """Return the largest number of nodes below the asked one that fits, by halving; 0 when none does."""
    least, most = 0, len(pool.nodes) - 1
    while least < most:
        middle = (least + most + 1) // 2
        if fits(replace(pool, nodes=pool.nodes[:middle])):
            least = middle
        else:
            most = middle - 1
    return least


def _smaller_profiles(pool: Asked, hosts: Sequence[FreeHost]) -> list[tuple[str, str]]:
    """Return the smaller profiles of the same board and kind that hosts report, the largest of them first."""
    mine = parse_profile(pool.need.profile)
    if mine is None:
        return []
    board = boards()[pool.need.board]
    reported = {name for host in hosts for name in host.profiles}
    found = [
        (profile.size_gib, name, profile.type_name)
        for name in reported
        if (profile := parse_profile(name)) is not None
        and profile.types == board.types
        and (profile.slices is None) == (mine.slices is None)
        and profile.size_gib < mine.size_gib
        and profile.per_gpu(board)
    ]
    return [(name, type_name) for _, name, type_name in sorted(found, reverse=True)]
