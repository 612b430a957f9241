"""Every power-on order: the planner's answer against all orders, tried one by one, on small vCenters."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.gpu import orders
from infra.gpu.free import FreeHost, SharedGpu
from infra.gpu.inventory import Gpu
from infra.gpu.need import Need, room_on
from infra.gpu.orders import Pool, first_stuck

if TYPE_CHECKING:
    from collections.abc import Iterator

H100 = "H100 PCIe"
SIZES = {"80c": 1, "40c": 2, "20c": 4, "16c": 5}
PROFILES = tuple(f"nvidia_h100-{size}" for size in SIZES)


def vgpu(size: str, count: int = 1) -> Need:
    return Need("vgpu", H100, count, f"nvidia_h100-{size}", size)


def dynamic(label: str, count: int = 1) -> Need:
    return Need("dynamic", H100, count, label=label)


def host(
    name: str, *taken: dict[str, int], labels: tuple[str, ...] = (), memory: int = 1000, consolidates: bool = False
) -> FreeHost:
    return FreeHost(
        name=name,
        usable=True,
        memory_mib=memory,
        consolidates=consolidates,
        profiles=PROFILES,
        devices=tuple(Gpu(f"d{n}", "2331", H100, H100, "passthrough", label) for n, label in enumerate(labels)),
        shared=tuple(SharedGpu(f"g{n}", H100, mig=False, taken=occupied) for n, occupied in enumerate(taken)),
    )


# The brute force: a state is what stands on every host, and how many nodes of each pool are still off.
Place = tuple[tuple[tuple[tuple[str, int], ...], ...], tuple[str, ...], tuple[int, ...], int]


def starts(pool: Pool, index: int, base: FreeHost, place: Place) -> Iterator[Place]:
    """Yield every way in which a node of a pool can start on a host in some state; GPUs are chosen by its rule."""
    gpus, devices, counts, memory = place
    if memory < pool.memory_mib or (pool.apart and counts[index]):
        return
    after = tuple(number + (each == index) for each, number in enumerate(counts))
    if pool.need.kind == "dynamic":
        mine = [n for n, label in enumerate(devices) if pool.need.label in ("", label)]
        for chosen in subsets(mine, pool.need.count):
            rest = tuple(label for n, label in enumerate(devices) if n not in chosen)
            yield gpus, rest, after, memory - pool.memory_mib
        return
    for filled in placed(pool.need, pool.need.count, gpus, base):
        yield tuple(sorted(filled)), devices, after, memory - pool.memory_mib


def subsets(items: list[int], size: int) -> Iterator[tuple[int, ...]]:
    if size == 0:
        yield ()
    for position, item in enumerate(items[: len(items) - size + 1] if size else []):
        for rest in subsets(items[position + 1 :], size - 1):
            yield (item, *rest)


def placed(need: Need, count: int, gpus: tuple, base: FreeHost) -> Iterator[tuple]:  # type: ignore[type-arg]
    """Yield what the GPUs of a host can carry after some more vGPUs, each put where the host's rule says."""
    if count == 0:
        yield gpus
        return
    able = [n for n, taken in enumerate(gpus) if room_on(need, dict(taken))]
    if not able:
        return
    loads = {n: sum(dict(gpus[n]).values()) for n in able}
    best = max(loads.values()) if base.consolidates else min(loads.values())
    for n in {gpus[n]: n for n in able if loads[n] == best}.values():
        taken = Counter(dict(gpus[n]))
        taken[need.type_name] += 1
        filled = (*gpus[:n], tuple(sorted(taken.items())), *gpus[n + 1 :])
        yield from placed(need, count - 1, filled, base)


def can_get_stuck(pools: list[Pool], hosts: list[FreeHost]) -> bool:
    """Try every order and every choice of a host."""
    begin = tuple(
        (
            tuple(sorted(tuple(sorted(gpu.taken.items())) for gpu in each.shared)),
            tuple(gpu.label for gpu in each.devices),
            tuple(0 for _ in pools),
            each.memory_mib,
        )
        for each in hosts
    )
    seen = {begin}
    waiting = [begin]
    while waiting:
        state = waiting.pop()
        for index, pool in enumerate(pools):
            if sum(place[2][index] for place in state) == pool.nodes:
                continue
            following = [
                (*state[:n], after, *state[n + 1 :])
                for n, place in enumerate(state)
                for after in starts(pool, index, hosts[n], place)
            ]
            if not following:
                return True
            fresh = [each for each in following if each not in seen]
            seen.update(fresh)
            waiting += fresh
    return False


NEEDS = st.one_of(
    st.builds(vgpu, st.sampled_from(list(SIZES)), st.integers(1, 2)),
    st.builds(dynamic, st.sampled_from(["", "a"]), st.integers(1, 2)),
)
POOLS = st.lists(
    st.builds(Pool, st.just(""), st.sampled_from([1, 1, 2, 3]), NEEDS, st.sampled_from([1, 300, 400]), st.booleans()),
    min_size=1,
    max_size=3,
).map(lambda pools: [replace(pool, name=f"pool{n}") for n, pool in enumerate(pools)])
TAKEN = st.sampled_from([{}, {}, {}, {}, {"40c": 1}, {"20c": 2}, {"20c": 1}])
HOSTS = st.lists(
    st.builds(
        lambda taken, labels, memory, consolidates: host(
            "", *taken, labels=tuple(labels), memory=memory, consolidates=consolidates
        ),
        st.lists(TAKEN, max_size=4),
        st.lists(st.sampled_from(["", "a"]), max_size=4),
        st.sampled_from([700, 5000, 5000]),
        st.booleans(),
    ),
    min_size=1,
    max_size=2,
).map(lambda hosts: [replace(each, name=f"host{n}") for n, each in enumerate(hosts)])


@given(pools=POOLS, hosts=HOSTS)
@settings(max_examples=600, deadline=None)
def test_the_planner_says_what_trying_every_order_says(pools: list[Pool], hosts: list[FreeHost]) -> None:
    assert (first_stuck(pools, hosts) is not None) == can_get_stuck(pools, hosts)


@given(pools=POOLS, hosts=HOSTS)
@settings(max_examples=100, deadline=None)
def test_the_quick_answer_is_the_exact_one(pools: list[Pool], hosts: list[FreeHost]) -> None:
    """The lower bound lets cases pass without the solver; with the bound at nothing the solver says the same."""
    quick = first_stuck(pools, hosts) is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orders, "_fewest_to_block", lambda *_: 0)
        assert (first_stuck(pools, hosts) is not None) == quick


def test_a_host_that_spreads_lets_small_profiles_begin_every_gpu() -> None:
    pools = [Pool("small", 2, vgpu("20c"), 1), Pool("large", 1, vgpu("80c"), 1)]
    spread, filled = host("spread", {}, {}), host("filled", {}, {}, consolidates=True)
    assert first_stuck(pools, [spread]) is not None
    assert first_stuck(pools, [filled]) is None
