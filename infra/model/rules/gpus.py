"""GPU requests: one way of asking, boards and profiles of the catalogue, no promise that can't be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.model.gpu_boards import boards, boards_called, boards_of_types, parse_profile
from infra.model.rules.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.gpu import GpuRequest


def gpu_rules(environment: Environment) -> Iterator[Finding]:
    """Yield what is wrong with the GPU requests of one environment."""
    for name, pool in sorted(environment.node_pools.items()):
        if pool.gpu is not None:
            path = f"nodePools.{name}.gpu"
            yield from _one_way(path, pool.gpu)
            yield from _known(path, pool.gpu)
            yield from _possible(path, pool.gpu)
    for name in sorted(environment.gpu_overrides):
        if name not in boards():
            yield Finding(f"gpuOverrides.{name}", "", "is no board of the catalogue", f"boards: {', '.join(boards())}")


def _one_way(path: str, gpu: GpuRequest) -> Iterator[Finding]:
    if (gpu.profile is None) == (gpu.board is None):
        reason = "names both profile and board" if gpu.profile is not None else "names neither profile nor board"
        yield Finding(path, "", reason, "give one of the two, for example profile: nvidia_h100-20c")
    part = next((key for key in ("share", "mig") if getattr(gpu, key) is not None), None)
    if part is not None and gpu.board is None:
        yield Finding(
            f"{path}.{part}", str(getattr(gpu, part)), "says how much of a board, and no board is named", "add board"
        )
    if gpu.share is not None and gpu.mig is not None:
        yield Finding(path, "", "names both share and mig", "give one of the two")
    whole = gpu.profile is None and part is None
    if gpu.attachment is not None and not whole:
        fix = "remove it, or ask for whole boards"
        yield Finding(f"{path}.attachment", gpu.attachment, "is for whole GPUs, and this is a vGPU", fix)
    if gpu.label is not None and gpu.attachment != "dynamic":
        yield Finding(
            f"{path}.label", gpu.label, "is for dynamic devices alone", "add attachment: dynamic, or remove it"
        )


def _known(path: str, gpu: GpuRequest) -> Iterator[Finding]:
    if gpu.board is not None and not boards_called(gpu.board):
        yield Finding(f"{path}.board", gpu.board, "is no board of the catalogue", f"boards: {', '.join(boards())}")
    if gpu.profile is None:
        return
    profile = parse_profile(gpu.profile)
    known = boards_of_types(profile.types) if profile else []
    if profile is None or not known:
        fix = "write it as a host reports it, for example nvidia_h100-20c or grid_a100d-3-40c"
        yield Finding(f"{path}.profile", gpu.profile, "is no profile of a board in the catalogue", fix)
    elif not profile.per_gpu(known[0]):
        sizes = ", ".join(f"{size}c" for size in known[0].time_sliced) + "".join(f", {key}c" for key in known[0].mig)
        yield Finding(f"{path}.profile", gpu.profile, f"is no profile of {known[0].name}", f"it has {sizes}")


def _possible(path: str, gpu: GpuRequest) -> Iterator[Finding]:
    if gpu.mixed_size:
        yield Finding(f"{path}.mixedSize", "true", "is not planned for yet", "remove it: same-size mode is planned for")
    if gpu.nvlink:
        yield Finding(
            f"{path}.nvlink", "true", "is not planned for yet", "remove it: GPUs of a node come without a group"
        )
    pinned = gpu.profile is None and gpu.share is None and gpu.mig is None and gpu.attachment != "dynamic"
    if gpu.survive_host_loss and pinned:
        reason = "can't be had with passthrough, whose machines start on their own host alone"
        yield Finding(f"{path}.surviveHostLoss", "true", reason, "use attachment: dynamic or a vGPU, or remove it")
