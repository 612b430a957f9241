"""The environment document: what somebody wants, in one file per environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.model.base import Document, entry
from infra.model.cluster import Cluster
from infra.model.first_boot import FirstBoot
from infra.model.gpu import GpuOverride
from infra.model.kubernetes_texts import ObjectName
from infra.model.nodes import ControlPlane, Machine, NodePool
from infra.model.platform import Platform
from infra.model.site import NodeNetwork, VCenter
from infra.model.texts import EnvironmentName, OneLine, PoolName, ReleaseVersion, TagKey
from infra.model.toolchain import Toolchain

CONTROL_PLANE = "control-plane"  # the pool name that control-plane nodes carry in names, tags and hand-overs


class Environment(Document):
    """One environment: its site, its release, its nodes."""

    name: EnvironmentName = entry("Name", "dev")
    """Name of the environment, the same as the file's; virtual machines are named `<environment>-<pool>-<number>`."""
    release: ReleaseVersion = entry("Release", "2026.11.0")
    """Version of the release that the environment runs: a file in stacks/releases/."""
    owner: OneLine = entry("Owner", "platform-team@example.com")
    """Who answers for the environment; stands in the notes of every virtual machine."""
    production: bool = entry("Production", example=True, default=False)
    """Whether people depend on it: the rules of a review are stricter then."""
    cost_centre: OneLine | None = entry("Cost centre", "CC-1000", default=None)
    """Who pays for it; becomes a tag of every virtual machine."""
    tags: dict[TagKey, OneLine] = entry("Tags", {"service": "ai-platform"}, default_factory=dict)
    """Further vSphere tags of every virtual machine, named `<key>=<value>`, in the environment's own tag category."""
    protected: list[OneLine] = entry("Protected", ["controlPlane"], default_factory=list, max_length=100)
    """Pools that can't be removed or shrunk, nor the environment with them: `controlPlane` or `nodePools.<name>`. Their
    nodes can still be made anew."""
    vcenter: VCenter = entry("vCenter", {"server": "vcenter.example.internal"})
    """Where the virtual machines stand."""
    network: NodeNetwork = entry("Network", {"cidr": "10.20.0.0/24"})
    """The addresses of the environment."""
    first_boot: FirstBoot = entry("First boot", {"user": "ops"})
    """What every node is first booted with."""
    gpu_overrides: dict[OneLine, GpuOverride] = entry(
        "GPU overrides", {"H100 PCIe": {"mmioGiB": 256}}, default_factory=dict
    )
    """Numbers of GPU boards that are otherwise at this site than in the catalogue, by name of the board."""
    control_plane: ControlPlane = entry("Control plane", {"count": 3})
    """The control-plane nodes."""
    node_pools: dict[PoolName, NodePool] = entry("Node pools", {"cpu": {"count": 2}}, default_factory=dict)
    """Worker nodes by pool; the order of pools means nothing."""

    cluster: Cluster = entry("Cluster", {"gateway": {"domain": "apps.dev.example.internal"}}, default_factory=Cluster)
    """What runs in the cluster before anybody deploys to it."""
    platform: Platform = entry("Platform", {"databases": {"storageGiB": 20}}, default_factory=Platform)
    """What tools stand on: registry, object store, databases, monitoring."""
    toolchain: Toolchain = entry("Toolchain", {"code": {"storageGiB": 50}}, default_factory=Toolchain)
    """The CI/CD toolchain for AI applications."""
    rotations: dict[ObjectName, Annotated[int, Field(ge=1, strict=True)]] = entry(
        "Rotations", {"client-git": 1}, default_factory=dict, max_length=200
    )
    """Secrets that were made by Slipway and are to be made anew, by name: another number makes another secret. What
    reads it is restarted. A name that is not known is answered with those that are."""

    def machines(self) -> dict[str, Machine]:
        """Return every kind of node by its pool name: the control plane first, then the pools by name."""
        pools: dict[str, Machine] = {CONTROL_PLANE: self.control_plane}
        return pools | {name: self.node_pools[name] for name in sorted(self.node_pools)}

    @property
    def has_gpus(self) -> bool:
        """Whether any pool asks for GPUs."""
        return any(pool.gpu is not None for pool in self.node_pools.values())

    def node_name(self, pool: str, ordinal: int) -> str:
        """Return the name of a node; `ordinal` counts from 1 within its pool."""
        return f"{self.name}-{pool}-{ordinal}"

    def control_plane_addresses(self) -> dict[str, str]:
        """Return the addresses of the control-plane nodes, by name."""
        numbers = range(1, self.control_plane.count + 1)
        return {self.node_name(CONTROL_PLANE, n): str(self.control_plane.addresses.at(n)) for n in numbers}

    def untainted_workers(self) -> int:
        """Return how many worker nodes take pods that tolerate nothing; nodes with GPUs are tainted."""
        plain = [
            pool
            for pool in self.node_pools.values()
            if pool.gpu is None and all(taint.effect == "PreferNoSchedule" for taint in pool.taints)
        ]
        return sum(pool.count for pool in plain)

    def storage_policies(self) -> dict[str, str]:
        """Return the names of the storage policies that have to be there, by their path in the document."""
        own = self.vcenter.storage.policy
        classes = self.cluster.storage.classes if self.cluster.storage is not None else {}
        found = {f"cluster.storage.classes.{name}.policy": classes[name].policy for name in sorted(classes)}
        return ({"vcenter.storage.policy": own} if own else {}) | found

    def cluster_of(self, machine: Machine) -> str:
        """Return the name of the cluster of hosts that runs the nodes of a kind."""
        return machine.cluster or self.vcenter.clusters[0]


def pool_path(pool: str) -> str:
    """Return the path of a pool in the document, from its name."""
    return "controlPlane" if pool == CONTROL_PLANE else f"nodePools.{pool}"
