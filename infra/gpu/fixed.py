"""Nodes with passthrough: each gets a host and devices of its own; what stands stays unless it must move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.gpu.free import FreeHost
    from infra.gpu.need import Need


@dataclass(frozen=True)
class FixedPool:
    """A pool with passthrough: names of its nodes, what each needs, reserved memory, how they are distributed."""

    name: str
    nodes: tuple[str, ...]
    need: Need
    memory_mib: int
    placement: Literal["spread", "pack"] = "spread"
    apart: bool = False


@dataclass(frozen=True)
class Seat:
    """Where a node with passthrough stands: host and PCI addresses."""

    host: str
    devices: tuple[str, ...]


def seats(pools: Sequence[FixedPool], hosts: Sequence[FreeHost], present: Mapping[str, Seat]) -> dict[str, Seat] | None:
    """Return a seat for every node, or None when there is no way.

    `present` is where nodes stand now. Deterministic: the same question has the same answer. Nodes that can stay do;
    the others are placed one after the other, and only when that fails all ways are searched: first with everybody
    where they are, then with as few moves as possible.
    """
    able = [host for host in hosts if host.usable]
    stay = _staying(pools, able, present)
    placed = _greedy(pools, able, stay)
    if placed is not None:
        return placed
    from infra.gpu.search import numbers_per_host  # noqa: PLC0415 - the solver is needed in tight cases alone

    numbers = numbers_per_host(pools, able, stay)
    return None if numbers is None else _seated(pools, able, stay, numbers)


def devices_for(pool: FixedPool, host: FreeHost, taken: Sequence[str] = ()) -> list[str]:
    """Return the addresses of the devices of a host that a pool could have, without those that are taken."""
    return [gpu.address for gpu in host.devices if gpu.board == pool.need.board and gpu.address not in taken]


def _staying(pools: Sequence[FixedPool], hosts: Sequence[FreeHost], present: Mapping[str, Seat]) -> dict[str, Seat]:
    """Return the nodes that can stay where they are, in the order of their pools and names."""
    by_name = {host.name: host for host in hosts}
    room = _Room(hosts)
    staying = {}
    for pool in pools:
        for node in pool.nodes:
            seat = present.get(node)
            host = by_name.get(seat.host) if seat else None
            if seat is None or host is None or len(seat.devices) != pool.need.count:
                continue
            if set(seat.devices) <= set(room.free(pool, host)) and room.takes(pool, host):
                room.take(pool, host, seat.devices)
                staying[node] = seat
    return staying


class _Room:
    """What is left on each host while nodes are placed."""

    def __init__(self, hosts: Sequence[FreeHost]) -> None:
        self.memory = {host.name: host.memory_mib for host in hosts}
        self.taken: dict[str, list[str]] = {host.name: [] for host in hosts}
        self.nodes: dict[str, list[str]] = {host.name: [] for host in hosts}  # the pools of the nodes there

    def free(self, pool: FixedPool, host: FreeHost) -> list[str]:
        return devices_for(pool, host, self.taken[host.name])

    def takes(self, pool: FixedPool, host: FreeHost) -> bool:
        """Whether one more node of a pool fits on a host."""
        alone = not pool.apart or pool.name not in self.nodes[host.name]
        return alone and self.memory[host.name] >= pool.memory_mib and len(self.free(pool, host)) >= pool.need.count

    def take(self, pool: FixedPool, host: FreeHost, devices: Sequence[str]) -> None:
        self.memory[host.name] -= pool.memory_mib
        self.taken[host.name] += devices
        self.nodes[host.name].append(pool.name)


def _greedy(pools: Sequence[FixedPool], hosts: Sequence[FreeHost], stay: Mapping[str, Seat]) -> dict[str, Seat] | None:
    """Place nodes one after the other, the most demanding pool first. None when one finds no host."""
    room, found = _begun(pools, hosts, stay)
    for pool in sorted(pools, key=lambda each: (-each.need.count, -each.memory_mib, each.name)):
        for node in pool.nodes:
            if node in found:
                continue
            able = [host for host in hosts if room.takes(pool, host)]
            if not able:
                return None
            host = min(able, key=lambda each: _preference(pool, each, room))
            found[node] = _sit(pool, host, room)
    return found


def _preference(pool: FixedPool, host: FreeHost, room: _Room) -> tuple[int, int, int, str]:
    """Return what makes a host better for a node, smallest first: spread on empty hosts, or pack on full ones."""
    free = len(room.free(pool, host))
    if pool.placement == "pack":
        return (free, -len(room.nodes[host.name]), room.memory[host.name], host.name)
    return (room.nodes[host.name].count(pool.name), len(room.nodes[host.name]), -free, host.name)


def _begun(
    pools: Sequence[FixedPool], hosts: Sequence[FreeHost], stay: Mapping[str, Seat]
) -> tuple[_Room, dict[str, Seat]]:
    """Return the room that is left, and the seats, when those who stay have theirs."""
    room = _Room(hosts)
    by_name = {host.name: host for host in hosts}
    for pool in pools:
        for node in pool.nodes:
            if node in stay:
                room.take(pool, by_name[stay[node].host], stay[node].devices)
    return room, dict(stay)


def _sit(pool: FixedPool, host: FreeHost, room: _Room) -> Seat:
    devices = tuple(room.free(pool, host)[: pool.need.count])
    room.take(pool, host, devices)
    return Seat(host.name, devices)


def _seated(
    pools: Sequence[FixedPool],
    hosts: Sequence[FreeHost],
    stay: Mapping[str, Seat],
    numbers: Mapping[tuple[str, str], int],
) -> dict[str, Seat]:
    """Return seats for a number of nodes per host and pool: those who can stay first, by name."""
    kept: dict[str, Seat] = {}
    left = dict(numbers)
    for pool in pools:
        for node in pool.nodes:
            place = (stay[node].host, pool.name) if node in stay else None
            if place is not None and left.get(place, 0) > 0:
                left[place] -= 1
                kept[node] = stay[node]
    room, found = _begun(pools, hosts, kept)
    by_name = {host.name: host for host in hosts}
    for pool in pools:
        waiting = [node for node in pool.nodes if node not in found]
        for host_name in sorted(by_name):
            for _ in range(left.get((host_name, pool.name), 0)):
                found[waiting[0]] = _sit(pool, by_name[host_name], room)
                waiting.pop(0)
    return found
