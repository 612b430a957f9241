"""Teams: their namespaces, what they may use, and who belongs to them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.model.base import Document, entry
from infra.model.kubernetes_texts import GroupName, NamespaceName
from infra.model.texts import OneLine

Amount = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]


class TeamNamespace(Document):
    """A namespace of a team."""

    pod_security: Literal["privileged", "baseline", "restricted"] = entry(
        "Pod security", "restricted", default="restricted"
    )
    """What its pods may do (Pod Security Standards): more than `restricted` is a decision of its own."""


class Quota(Document):
    """What a team may use at a time; what is left out is not limited.

    CPUs, memory and volumes count in each of the team's namespaces. CPUs, memory and GPUs of work that names the team's
    queue count in all of them together.
    """

    cpus: Amount | None = entry("CPUs", 64, default=None)
    """CPUs, whole ones."""
    memory_gib: Amount | None = entry("Memory", 256, default=None)
    """Memory, in GiB."""
    storage_gib: Amount | None = entry("Storage", 1000, default=None)
    """Volumes, in GiB."""
    gpus: dict[OneLine, Amount] = entry("GPUs", {"h100-pcie": 2}, default_factory=dict)
    """GPUs by kind: the board in small letters, with its share or MIG profile if it is not whole (`h100-pcie`,
    `h100-pcie-1of4`, `a100-pcie-80-2g.20gb`). What a team does not use others may borrow."""


class Team(Document):
    """People who share namespaces and a quota."""

    namespaces: dict[NamespaceName, TeamNamespace] = entry("Namespaces", {"research": {}}, min_length=1)
    """The team's namespaces."""
    members: list[GroupName] = entry("Members", ["ml-engineers"], default_factory=list, max_length=100)
    """Groups, as people's tokens carry them, that may do everything in the team's namespaces but grant rights."""
    viewers: list[GroupName] = entry("Viewers", ["auditors"], default_factory=list, max_length=100)
    """Groups that may look at everything in the team's namespaces but Secrets."""
    quota: Quota = entry("Quota", {"gpus": {"h100-pcie": 2}}, default_factory=Quota)
    """What the team may use."""
