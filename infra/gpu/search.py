"""All ways of seating nodes with passthrough, searched by an integer program: for when placing one by one fails."""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import highspy

from infra.gpu.fixed import devices_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from infra.gpu.fixed import FixedPool, Seat
    from infra.gpu.free import FreeHost

LIMIT = 60.0  # seconds; a case that takes longer counts as one without a way


def solver() -> Any:  # noqa: ANN401 - the solver has no types
    """Return a quiet solver whose answers are the same every time."""
    with _without_its_banner():
        program = highspy.Highs()
    program.silent()
    for option, value in (("time_limit", LIMIT), ("random_seed", 0), ("threads", 1)):
        program.setOptionValue(option, value)
    return program


@contextmanager
def _without_its_banner() -> Iterator[None]:
    """Let nothing through on standard output: the solver greets from C++ before it can be told not to."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def numbers_per_host(
    pools: Sequence[FixedPool], hosts: Sequence[FreeHost], stay: Mapping[str, Seat]
) -> dict[tuple[str, str], int] | None:
    """Return how many nodes of each pool stand on each host, by (host, pool), with as few moves as possible.

    None when there is no way.
    """
    pools = [pool for pool in pools if pool.nodes]
    if not pools:
        return {}
    program = solver()
    standing = Counter((stay[node].host, pool.name) for pool in pools for node in pool.nodes if node in stay)
    numbers: dict[tuple[str, str], Any] = {}
    for host in hosts:
        _host(program, host, pools, numbers)
    for pool in pools:
        there = [variable for (_, name), variable in numbers.items() if name == pool.name]
        if not there:
            return None
        program.addConstr(sum(there) == len(pool.nodes))
    kept = []
    for place, number in standing.items():
        variable = program.addIntegral(0, number)
        program.addConstr(variable <= numbers[place])
        kept.append(variable)
    if kept:
        program.maximize(sum(kept))
    else:
        program.run()
    if program.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    values = program.getSolution().col_value
    return {place: number for place, variable in numbers.items() if (number := round(values[variable.index]))}


def _host(
    program: Any,  # noqa: ANN401
    host: FreeHost,
    pools: Sequence[FixedPool],
    numbers: dict[tuple[str, str], Any],
) -> None:
    """Add what a host can take: devices of each board, memory, one node of a pool that is kept apart."""
    able = [pool for pool in pools if len(devices_for(pool, host)) >= pool.need.count]
    for pool in able:
        most = 1 if pool.apart else len(devices_for(pool, host)) // pool.need.count
        numbers[host.name, pool.name] = program.addIntegral(0, min(most, len(pool.nodes)))
    if not able:
        return
    program.addConstr(sum(pool.memory_mib * numbers[host.name, pool.name] for pool in able) <= host.memory_mib)
    for board in {pool.need.board for pool in able}:
        of_board = [pool for pool in able if pool.need.board == board]
        wanted = sum(pool.need.count * numbers[host.name, pool.name] for pool in of_board)
        program.addConstr(wanted <= len(devices_for(of_board[0], host)))
