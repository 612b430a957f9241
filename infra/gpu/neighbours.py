"""What other environments of a vCenter have been promised by their placement locks: it counts as taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.gpu.asked import asked_pool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.gpu.asked import Asked
    from infra.gpu.fixed import Seat
    from infra.gpu.inventory import Holder, Host
    from infra.gpu.lock import PlacementLock
    from infra.model.environment import Environment


@dataclass(frozen=True)
class Neighbour:
    """Another environment of the vCenter: its folder of machines, its pools with GPUs, its passthrough nodes' seats."""

    environment: str
    folder: str
    pools: tuple[Asked, ...]
    seats: Mapping[str, Seat]

    def floating(self, cluster: str) -> list[Asked]:
        """Return the pools of a cluster whose devices vSphere chooses."""
        return [pool for pool in self.pools if pool.cluster == cluster and pool.need.kind != "passthrough"]

    def seated(self, host: str) -> Iterator[tuple[Seat, int]]:
        """Yield the seats on a host, each with the memory of its node (MiB)."""
        for pool in self.pools:
            for node in pool.nodes:
                seat = self.seats.get(node)
                if seat is not None and seat.host == host:
                    yield seat, pool.memory_mib

    def expects(self, holder: Holder, host: Host) -> bool:
        """Whether a machine stands as the lock says: it is then in the promises and must not be counted again.

        One that still stands as an older lock said is not: both what it has and what it will get are taken.
        """
        pool = next((pool for pool in self.pools if holder.name in pool.nodes), None)
        if pool is None or holder.folder != self.folder or host.cluster != pool.cluster:
            return False
        if holder.reserved_mib > pool.memory_mib:
            return False
        if pool.need.kind == "vgpu":
            return holder.profiles == ((pool.need.profile, pool.need.count),)
        if pool.need.kind == "dynamic":
            return len(holder.devices) == pool.need.count
        seat = self.seats.get(holder.name)
        return seat is not None and (seat.host, set(seat.devices)) == (host.name, set(holder.devices))


def neighbour_of(environment: Environment, lock: PlacementLock) -> Neighbour:
    """Return what an environment is promised by a lock that is valid for it."""
    pools = tuple(asked_pool(environment, name, pool.need, other=True) for name, pool in sorted(lock.pools.items()))
    return Neighbour(environment.name, environment.vcenter.folder, pools, lock.seats)
