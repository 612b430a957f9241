"""Kinds of GPUs as people in the cluster name them: `h100-pcie`, `h100-pcie-1of4`, `a100-pcie-80-2g.20gb`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.model.environment import Environment
    from infra.model.gpu import GpuRequest

RESOURCE = "nvidia.com/gpu"  # NVIDIA's device plugin, also for vGPUs and whole GPUs that are not cut inside the node


@dataclass(frozen=True)
class GpuKind:
    """GPUs of one kind: their name, the pools that have them, how many nodes and GPUs that is."""

    name: str
    pools: tuple[str, ...]
    nodes: int
    count: int


def kind_name(gpu: GpuRequest) -> str:
    """Return the name of what a pool asks for: a label value, in small letters."""
    part = (gpu.share or "").replace("1/", "1of") or gpu.mig or ""
    text = f"{gpu.profile or gpu.board}{f'-{part}' if part else ''}"
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")


def gpu_kinds(environment: Environment) -> dict[str, GpuKind]:
    """Return the kinds of GPUs that an environment has, by name, sorted."""
    found: dict[str, GpuKind] = {}
    for name, pool in sorted(environment.node_pools.items()):
        if pool.gpu is None:
            continue
        kind = kind_name(pool.gpu)
        known = found.get(kind, GpuKind(kind, (), 0, 0))
        found[kind] = GpuKind(
            kind, (*known.pools, name), known.nodes + pool.count, known.count + pool.count * pool.gpu.count
        )
    return dict(sorted(found.items()))


def has_vgpus(environment: Environment) -> bool:
    """Whether any pool has vGPUs, which need NVIDIA's guest driver and a licence."""
    requests = [pool.gpu for pool in environment.node_pools.values() if pool.gpu is not None]
    return any(gpu.profile or gpu.share or gpu.mig for gpu in requests)
