"""Clusters of a simulated vCenter as `slipway inventory` read them from a real one: hosts, GPUs, who has them.

A rehearsal then meets the devices that the placement lock names, and the strangers beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from infra.gpu.inventory import Gpu, Holder, Host, Inventory

_MIB_PER_GIB = 1024
_MODES = {"pending": "passthrough-pending"}  # what the simulator calls otherwise


def read_cluster(inventory: Inventory | None, name: str) -> dict[str, Any] | None:
    """Return a cluster as it was read, or None when it wasn't."""
    hosts = inventory.cluster(name) if inventory else []
    return {"name": name, "hosts": [_host(host) for host in hosts]} if hosts else None


def read_machines(inventory: Inventory | None, clusters: Collection[str], own: Collection[str]) -> list[dict[str, Any]]:
    """Return the running machines that hold GPUs on the hosts of clusters, without those in the folders `own`.

    The simulator gives a machine one kind of vGPU; those with several are left out.
    """
    return [
        _machine(host, holder)
        for host in (inventory.hosts if inventory else ())
        if host.cluster in clusters and host.usable
        for holder in host.holders
        if holder.powered_on and holder.folder not in own and _is_simulated(host, holder)
    ]


def _is_simulated(host: Host, holder: Holder) -> bool:
    known = {gpu.address for gpu in host.gpus if gpu.board}
    whole = bool(holder.devices) and set(holder.devices) <= known and not holder.profiles
    return whole or (len(holder.profiles) == 1 and not holder.devices)


def _host(host: Host) -> dict[str, Any]:
    return {
        "name": host.name,
        "cores": host.cores,
        "memoryGiB": host.memory_mib // _MIB_PER_GIB,
        "maintenance": not host.usable,
        "graphics": {"assignment": "consolidation" if host.consolidates else "performance"},
        "gpus": list(_gpus(host.gpus)),
    }


def _gpus(gpus: Iterable[Gpu]) -> Iterable[dict[str, Any]]:
    for gpu in gpus:
        if gpu.board:  # no other is in the simulator's catalogue
            label = {"label": gpu.label} if gpu.label else {}
            yield {"board": gpu.board, "address": gpu.address, "mode": _MODES.get(gpu.mode, gpu.mode), **label}


def _machine(host: Host, holder: Holder) -> dict[str, Any]:
    profile = [{"name": name, "count": count} for name, count in holder.profiles]
    return {
        "name": holder.name,
        "folder": holder.folder,
        "cluster": host.cluster,
        "host": host.name,
        "cpus": 1,
        "memoryMiB": holder.reserved_mib,
        "power": "on",
        **({"profile": profile[0]} if profile else {"devices": {"host": host.name, "addresses": list(holder.devices)}}),
    }
