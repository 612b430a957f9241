"""GPUs of a node pool: what somebody asks for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.model.base import Document, entry
from infra.model.texts import OneLine, Text

Share = Annotated[str, Text(r"1/[1-9][0-9]?", 4, "a share of a GPU", "write it as a share, such as 1/4")]
MigProfile = Annotated[
    str, Text(r"[1-7]g\.[0-9]{1,3}gb", 8, "a MIG profile", "write slices and memory, for example 3g.40gb")
]
# vSphere: 16 PCI passthrough devices per machine; as many vGPUs from 8.0 U2 on.
MOST_PER_MACHINE = 16


class GpuRequest(Document):
    """GPUs of every node of a pool: a vGPU profile, a share or MIG slices of a board, or whole boards."""

    profile: OneLine | None = entry("vGPU profile", "nvidia_h100-20c", default=None)
    """Name of a vGPU profile, as hosts report it. Give this or `board`."""
    board: OneLine | None = entry("Board", "H100 PCIe", default=None)
    """Name of a board, or of a family of which the cluster has one kind: whole GPUs, unless `share` or `mig` says
    how much of one."""
    share: Share | None = entry("Share", "1/4", default=None)
    """Share of a GPU's memory: the time-sliced vGPU profile that fits as often on a GPU."""
    mig: MigProfile | None = entry("MIG profile", "3g.40gb", default=None)
    """MIG profile: the MIG-backed vGPU profile of that many slices and GiB."""
    count: Annotated[int, Field(ge=1, le=MOST_PER_MACHINE, strict=True)] = entry("Count", 1, default=1)
    """How many of it per node, all of one kind."""
    attachment: Literal["passthrough", "dynamic"] | None = entry("Attachment", "passthrough", default=None)
    """How whole GPUs come to a node: `passthrough` (the default) pins it to a host and its devices, `dynamic` (Dynamic
    DirectPath) lets vSphere choose at every power-on."""
    label: OneLine | None = entry("Hardware label", "training", default=None)
    """Hardware label that devices of a `dynamic` attachment have to carry."""
    placement: Literal["spread", "pack"] = entry("Placement", "spread", default="spread")
    """Whether nodes with passthrough are spread over hosts or packed on few."""
    survive_host_loss: bool = entry("Survive a host's loss", example=True, default=False)
    """Whether all nodes have to fit on the other hosts when one host is lost; not possible with `passthrough`, whose
    machines don't start elsewhere."""
    mixed_size: bool = entry("Mixed-size mode", example=False, default=False)
    """Profiles of several sizes on one GPU; refused, Slipway does not plan for it yet."""
    nvlink: bool = entry("NVLink group", example=False, default=False)
    """GPUs that are joined by NVLink; refused, Slipway does not plan for it yet."""

    def wanted(self) -> str:
        """Say what is asked for, in words."""
        share = f" {self.share or self.mig}" if self.share or self.mig else ""
        return f"{self.count} x {self.profile or self.board}{share}"


class GpuOverride(Document):
    """Numbers of a board that are otherwise at this site than in the catalogue."""

    mmio_gib: Annotated[int, Field(ge=1, le=4096, strict=True)] | None = entry("MMIO space", 256, default=None)
    """64-bit MMIO space that one GPU of the board needs in a virtual machine, in GiB."""
