"""The nodes of an environment: control plane and named pools."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from infra.model.addresses import AddressRangeText
from infra.model.base import Document, entry
from infra.model.gpu import GpuRequest
from infra.model.texts import DiskName, LabelKey, LabelValue, VsphereName

# vSphere 8.0 configuration maximums: 768 virtual CPUs, 24 TB of memory, 62 TB per virtual disk.
Cpus = Annotated[int, Field(ge=1, le=768, strict=True)]
MemoryGiB = Annotated[int, Field(ge=1, le=24 * 1024, strict=True)]
DiskGiB = Annotated[int, Field(ge=1, le=62 * 1024, strict=True)]
NodeCount = Annotated[int, Field(ge=0, le=1000, strict=True)]
# A SCSI controller has the units 0 to 15; 0 is the system disk, 7 the controller itself.
ScsiUnit = Annotated[int, Field(ge=1, le=15, strict=True)]
CONTROL_PLANE_COUNTS = (1, 3)
AntiAffinity = Literal["required", "preferred", "none"]


def _one_or_three(count: int) -> int:
    """Refuse what is out of bounds; why not two is told by a rule, beside all the rest."""
    if not min(CONTROL_PLANE_COUNTS) <= count <= max(CONTROL_PLANE_COUNTS):
        reason = f"is more than {max(CONTROL_PLANE_COUNTS)}" if count > 1 else "is less than 1"
        raise ValueError(f"{reason}; use {' or '.join(map(str, CONTROL_PLANE_COUNTS))}")
    return count


ControlPlaneCount = Annotated[
    int,
    Field(strict=True),
    AfterValidator(_one_or_three),
    WithJsonSchema({"type": "integer", "enum": list(CONTROL_PLANE_COUNTS)}),
]


class Machine(Document):
    """Size, place and addresses of the nodes of one kind."""

    count: NodeCount = entry("Nodes", 2)
    """How many nodes."""
    cpus: Cpus = entry("CPUs", 4)
    """Virtual CPUs per node."""
    memory_gib: MemoryGiB = entry("Memory", 16)
    """Memory per node, in GiB."""
    disk_gib: DiskGiB = entry("System disk", 100)
    """Size of the system disk, in GiB; at least the template's, and it can grow but never shrink."""
    addresses: AddressRangeText = entry("Addresses", "10.20.0.20-10.20.0.39")
    """Address range that belongs to these nodes alone; node number n has the n-th address."""
    cluster: VsphereName | None = entry("Cluster", "cluster-01", default=None)
    """Which of vcenter.clusters runs these nodes; with one cluster it goes without saying."""
    anti_affinity: AntiAffinity = entry("Anti-affinity", "preferred", default="none")
    """Whether no two of these nodes run on one host: `required` (one more doesn't start), `preferred` (DRS tries), or
    `none`."""


class ControlPlane(Machine):
    """The nodes that carry the Kubernetes control plane."""

    count: ControlPlaneCount = entry("Nodes", 3)
    """How many control-plane nodes: 1, or 3 so that one may fail."""
    anti_affinity: AntiAffinity = entry("Anti-affinity", "required", default="preferred")
    """Whether no two of these nodes run on one host: `required` (one more doesn't start), `preferred` (DRS tries), or
    `none`."""


class DataDisk(Document):
    """A further disk of every node of a pool, attached as it is: neither partitioned nor formatted.

    It belongs to its node: when the node is made anew or the disk is taken from the document, what is on it is lost.
    """

    size_gib: DiskGiB = entry("Size", 500)
    """Size, in GiB; it can grow but never shrink."""
    unit: ScsiUnit = entry("SCSI unit", 1)
    """Unit on the node's SCSI controller, 1 to 15 without 7: by it the disk is known again."""


class Taint(Document):
    """A taint that keeps pods away which don't tolerate it."""

    key: LabelKey = entry("Key", "example.com/batch")
    """Key of the taint."""
    value: LabelValue = entry("Value", "true", default="")
    """Value of the taint."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = entry("Effect", "NoSchedule")
    """What becomes of pods that don't tolerate it."""


class RollPolicy(Document):
    """How the nodes of a pool are made anew."""

    max_unavailable: Annotated[int, Field(ge=1, le=1000, strict=True)] = entry("Unavailable at once", 1, default=1)
    """How many nodes of the pool may be away at the same time."""


class NodePool(Machine):
    """A named group of equal worker nodes."""

    data_disks: dict[DiskName, DataDisk] = entry(
        "Data disks", {"scratch": {"sizeGiB": 500, "unit": 1}}, default_factory=dict
    )
    """Further disks of every node, by name."""
    labels: dict[LabelKey, LabelValue] = entry("Labels", {"example.com/tier": "batch"}, default_factory=dict)
    """Kubernetes labels of the nodes; set through the API, so that a change makes no node anew."""
    taints: list[Taint] = entry(
        "Taints", [{"key": "example.com/batch", "effect": "NoSchedule"}], default_factory=list, max_length=50
    )
    """Kubernetes taints of the nodes; set through the API, too."""
    roll_policy: RollPolicy = entry("Roll policy", {"maxUnavailable": 1}, default_factory=RollPolicy)
    """How nodes are made anew when a decision of their first boot changes."""
    gpu: GpuRequest | None = entry("GPUs", {"profile": "nvidia_h100-20c", "count": 1}, default=None)
    """GPUs of every node of the pool."""
