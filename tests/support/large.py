"""A large vCenter, as plain data and as the simulator's, and what is asked of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from infra.catalog import ROOT
from infra.gpu.inventory import Host, Inventory, inventory_path, read_inventory
from tests.support.environments import PROD, changed

HOSTS_PER_CLUSTER, GPUS_PER_HOST = 50, 8
LARGE_REQUEST = changed(
    PROD,
    {
        "nodePools.training.count": 1000,
        "nodePools.inference.count": 1000,
        "nodePools.inference.gpu.surviveHostLoss": False,
        "nodePools.notebooks": None,
    },
)


def large_inventory(hosts: int) -> Inventory:
    """Return many copies of the GPU hosts of prod, with eight GPUs each."""
    prod = read_inventory(inventory_path(ROOT, PROD.vcenter.server), "prod")
    kinds = [host for host in prod.hosts if host.cluster == "gpu-01"]

    def copy(number: int) -> Host:
        kind = kinds[number % len(kinds)]
        gpus = tuple(replace(kind.gpus[n % 2], address=f"0000:{n:02x}:00.0", users=()) for n in range(GPUS_PER_HOST))
        return replace(kind, name=f"esx-{number:04}", gpus=gpus, holders=())

    return replace(prod, hosts=tuple(copy(number) for number in range(hosts)))


def simulated_clusters(clusters: int) -> list[dict[str, Any]]:
    """Return clusters of 50 hosts with eight GPUs, every other one for vGPUs, as the simulator's inventory has them."""
    return [
        {"name": f"gpu-{cluster:02}", "hosts": [_host(cluster, number) for number in range(HOSTS_PER_CLUSTER)]}
        for cluster in range(clusters)
    ]


def _host(cluster: int, number: int) -> dict[str, Any]:
    modes = ("passthrough", "vgpu")
    gpus = [
        {"board": "H100 SXM5", "address": f"0000:{16 + gpu:02x}:00.0", "mode": modes[gpu % 2]}
        for gpu in range(GPUS_PER_HOST)
    ]
    name = f"esx-{cluster * HOSTS_PER_CLUSTER + number:04}.example.internal"
    return {"name": name, "cores": 128, "memoryGiB": 2048, "gpus": gpus}


def simulated_machines(clusters: int) -> list[dict[str, Any]]:
    """Return 500 running machines per cluster, 200 of them with a vGPU."""
    kinds: list[dict[str, Any]] = [
        {"name": "vgpu", "copies": 200, "cpus": 8, "memoryMiB": 32768, "profile": {"name": "nvidia_h100xm-40c"}},
        {"name": "plain", "copies": 300, "cpus": 2, "memoryMiB": 4096},
    ]
    return [
        {**kind, "name": f"{kind['name']}-{cluster:02}", "cluster": f"gpu-{cluster:02}", "power": "on"}
        for cluster in range(clusters)
        for kind in kinds
    ]
