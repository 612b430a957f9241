"""Nodes with passthrough: a seat for everybody exactly when there is one, and nobody moves without need."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.gpu import fixed
from infra.gpu.fixed import FixedPool, Seat, seats
from infra.gpu.free import FreeHost
from infra.gpu.inventory import Gpu
from infra.gpu.need import Need

H100, A100 = "H100 PCIe", "A100 PCIe 80"


def host(name: str, h100: int, a100: int = 0, memory: int = 1000) -> FreeHost:
    boards = [H100] * h100 + [A100] * a100
    devices = tuple(Gpu(f"{name}:{n:02x}", "2331", board, board, "passthrough") for n, board in enumerate(boards))
    return FreeHost(name, usable=True, memory_mib=memory, consolidates=False, profiles=(), devices=devices, shared=())


def pool(name: str, nodes: int, count: int, board: str = H100, memory: int = 100) -> FixedPool:
    need = Need("passthrough", board, count)
    return FixedPool(name, tuple(f"{name}-{n}" for n in range(1, nodes + 1)), need, memory)


def is_right(found: dict[str, Seat], pools: list[FixedPool], hosts: list[FreeHost]) -> bool:
    """Whether everybody has devices of the right board, nobody shares one, and memory is enough."""
    by_name = {each.name: each for each in hosts}
    memory = {each.name: each.memory_mib for each in hosts}
    taken: list[str] = []
    for each in pools:
        on: list[str] = []
        for node in each.nodes:
            seat = found[node]
            boards = {gpu.address: gpu.board for gpu in by_name[seat.host].devices}
            if len(seat.devices) != each.need.count or {boards[address] for address in seat.devices} != {
                each.need.board
            }:
                return False
            memory[seat.host] -= each.memory_mib
            taken += seat.devices
            on.append(seat.host)
        if each.apart and len(set(on)) < len(on):
            return False
    return len(set(taken)) == len(taken) and min(memory.values()) >= 0


def there_is_a_way(pools: list[FixedPool], hosts: list[FreeHost]) -> bool:
    """Try every host for every node."""
    nodes = [(each, node) for each in pools for node in each.nodes]
    for choice in product(hosts, repeat=len(nodes)):
        memory = {each.name: each.memory_mib for each in hosts}
        devices = {
            (each.name, board): sum(g.board == board for g in each.devices) for each in hosts for board in (H100, A100)
        }
        on: set[tuple[str, str]] = set()
        right = True
        for (each, _), place in zip(nodes, choice, strict=True):
            memory[place.name] -= each.memory_mib
            devices[place.name, each.need.board] -= each.need.count
            right = right and not (each.apart and (each.name, place.name) in on)
            on.add((each.name, place.name))
        if right and min(memory.values(), default=0) >= 0 and min(devices.values(), default=0) >= 0:
            return True
    return False


HOSTS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 2), st.sampled_from([250, 500, 1000])), min_size=1, max_size=3
).map(lambda kinds: [host(f"host{n}", *kind) for n, kind in enumerate(kinds)])
POOLS = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(1, 3), st.sampled_from([H100, H100, A100]), st.sampled_from([100, 240, 300]),
        st.sampled_from(["spread", "pack"]), st.booleans(),
    ),
    min_size=1,
    max_size=2,
).map(
    lambda kinds: [
        replace(pool(f"pool{n}", *kind[:4]), placement=kind[4], apart=kind[5]) for n, kind in enumerate(kinds)
    ]
)  # fmt: skip


@given(pools=POOLS, hosts=HOSTS)
@settings(max_examples=400, deadline=None)
def test_there_is_a_seat_for_everybody_exactly_when_there_is_a_way(
    pools: list[FixedPool], hosts: list[FreeHost]
) -> None:
    found = seats(pools, hosts, {})
    assert (found is not None) == there_is_a_way(pools, hosts)
    assert found is None or is_right(found, pools, hosts)


@given(pools=POOLS, hosts=HOSTS, more=st.integers(0, 2))
@settings(max_examples=200, deadline=None)
def test_nobody_moves_without_need(pools: list[FixedPool], hosts: list[FreeHost], more: int) -> None:
    before = seats(pools, hosts, {})
    if before is None:
        return
    assert seats(pools, hosts, before) == before
    grown = [replace(each, nodes=(*each.nodes, *(f"{each.name}-new-{n}" for n in range(more)))) for each in pools]
    after = seats(grown, hosts, before)
    if after is not None:
        assert is_right(after, grown, hosts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fixed, "_greedy", lambda *_: None)
        searched = seats(grown, hosts, before)
    assert (after is None) == (searched is None)
    if after is not None and searched is not None:
        moves = sum(after[node] != seat for node, seat in before.items())
        assert moves <= sum(searched[node] != seat for node, seat in before.items())


def test_who_stands_moves_when_nobody_else_could_come() -> None:
    """One device is left on each host: the second node of two devices comes only when a single one moves."""
    hosts = [host("a", 2), host("b", 2)]
    single = pool("single", 2, 1)
    before = {"single-1": Seat("a", ("a:00",)), "single-2": Seat("b", ("b:00",))}
    found = seats([single, pool("double", 1, 2)], hosts, before)
    assert found is not None
    assert sum(found[node] != seat for node, seat in before.items()) == 1


def test_spread_and_pack() -> None:
    hosts = [host("a", 4), host("b", 4)]
    spread, packed = pool("x", 2, 2), replace(pool("x", 2, 2), placement="pack")
    assert {seat.host for seat in (seats([spread], hosts, {}) or {}).values()} == {"a", "b"}
    assert {seat.host for seat in (seats([packed], hosts, {}) or {}).values()} == {"a"}
