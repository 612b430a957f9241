"""What is free on the hosts of a cluster for one environment: everything but what strangers hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from infra.model.gpu_boards import parse_profile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from infra.gpu.inventory import Gpu, Holder, Host
    from infra.gpu.neighbours import Neighbour

HYPERVISOR_MIB = (
    8 * 1024
)  # kept for ESXi itself; an estimate on the safe side, no source gives one number for all hosts


@dataclass(frozen=True)
class SharedGpu:
    """A GPU that carries vGPUs: its board, whether MIG-backed, and strangers' vGPUs on it by type (`20c`, `3-40c`)."""

    address: str
    board: str
    mig: bool
    taken: Mapping[str, int]


@dataclass(frozen=True)
class FreeHost:
    """What a host has left: memory that can be reserved (MiB), whole devices, and GPUs that carry vGPUs.

    `promised` names the other environments that have been promised devices of it.
    """

    name: str
    usable: bool
    memory_mib: int
    consolidates: bool
    profiles: tuple[str, ...]
    devices: tuple[Gpu, ...]
    shared: tuple[SharedGpu, ...]
    promised: tuple[str, ...] = ()

    def without(self, devices: Collection[str], memory_mib: int) -> FreeHost:
        """Return the host without some devices and some memory (MiB)."""
        left = tuple(gpu for gpu in self.devices if gpu.address not in devices)
        return replace(self, devices=left, memory_mib=self.memory_mib - memory_mib)


def free_hosts(hosts: Sequence[Host], own_folder: str, neighbours: Sequence[Neighbour] = ()) -> list[FreeHost]:
    """Return what is free for the environment of a folder: its own machines count as not there, wherever they stand.

    Every order of powering on has to work, so the present place of the environment's own machines means nothing. Seats
    that neighbours have been promised are taken, whether their machines are there yet or not; their pools that vSphere
    places compete with the environment's own, so their machines count as not there, too.
    """
    return [_beside(_free(host, own_folder, neighbours), neighbours) for host in sorted(hosts, key=lambda h: h.name)]


def _beside(host: FreeHost, neighbours: Sequence[Neighbour]) -> FreeHost:
    promised = []
    for neighbour in neighbours:
        for seat, memory_mib in neighbour.seated(host.name):
            promised.append(neighbour.environment)
            host = host.without(seat.devices, memory_mib)
    return replace(host, promised=tuple(dict.fromkeys(promised)), memory_mib=max(host.memory_mib, 0))


def _free(host: Host, own_folder: str, neighbours: Sequence[Neighbour]) -> FreeHost:
    strangers = [
        holder
        for holder in host.holders
        if holder.powered_on
        and holder.folder != own_folder
        and not any(neighbour.expects(holder, host) for neighbour in neighbours)
    ]
    held = {address for holder in strangers for address in holder.devices}
    reserved = sum(holder.reserved_mib for holder in strangers)
    return FreeHost(
        name=host.name,
        usable=host.usable,
        memory_mib=max(host.memory_mib - HYPERVISOR_MIB - reserved, 0),
        consolidates=host.consolidates,
        profiles=host.profiles,
        devices=tuple(
            sorted(
                (gpu for gpu in host.gpus if gpu.mode == "passthrough" and gpu.address not in held),
                key=lambda gpu: gpu.address,
            )
        ),
        shared=tuple(_shared(gpu, strangers, host) for gpu in host.gpus if gpu.mode in ("vgpu", "mig") and gpu.board),
    )


def _shared(gpu: Gpu, strangers: Sequence[Holder], host: Host) -> SharedGpu:
    taken: Counter[str] = Counter()
    for holder in strangers:
        if holder.name not in gpu.users:
            continue
        for name, count in holder.profiles:
            profile = parse_profile(name)
            if profile is not None:
                taken[profile.type_name] += _most_on(holder.name, count, host)
    return SharedGpu(gpu.address, gpu.board, gpu.mode == "mig", dict(taken))


def _most_on(user: str, count: int, host: Host) -> int:
    """Return how many of a machine's vGPUs one GPU may carry at most: vCenter names the GPUs, not how many on each."""
    return max(count - (sum(user in gpu.users for gpu in host.gpus) - 1), 1)
