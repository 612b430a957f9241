"""NVIDIA's GPU feature discovery, played: it tells node feature discovery's worker by a file what GPUs there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.machines.effects.effect import Effect
from rehearsal.machines.places import GPU_FEATURES, remove

if TYPE_CHECKING:
    from rehearsal.machines.effects.effect import Container


class GpuFeatureDiscovery(Effect):
    """Keeps the file while it runs. Machines have GPUs of one kind."""

    def look(self, container: Container) -> None:
        """Write product and count, as the worker reads them."""
        gpus = container.hardware.gpus
        if not gpus:
            return
        text = f"nvidia.com/gpu.product={gpus[0]}\nnvidia.com/gpu.count={len(gpus)}\n"
        if not GPU_FEATURES.exists() or GPU_FEATURES.read_text(encoding="utf-8") != text:
            GPU_FEATURES.parent.mkdir(parents=True, exist_ok=True)
            GPU_FEATURES.write_text(text, encoding="utf-8")

    def stop(self) -> None:
        """Remove the file, as the real one does."""
        remove(GPU_FEATURES)
