"""The environment document: what somebody wants, in one file per environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.model.base import Document
from infra.model.types import (
    Address,
    AddressRangeText,
    DomainName,
    EnvironmentName,
    HostName,
    LoginName,
    Network,
    OneLine,
    PoolName,
    ReleaseVersion,
    SshPublicKey,
    VsphereName,
)

CONTROL_PLANE = "control-plane"  # the pool name that control-plane nodes carry in names, tags and hand-overs

# vSphere 8.0 configuration maximums: 768 virtual CPUs, 24 TB of memory, 62 TB per virtual disk.
Cpus = Annotated[int, Field(ge=1, le=768, strict=True)]
MemoryGiB = Annotated[int, Field(ge=1, le=24 * 1024, strict=True)]
DiskGiB = Annotated[int, Field(ge=1, le=62 * 1024, strict=True)]
NodeCount = Annotated[int, Field(ge=0, le=1000, strict=True)]


class VCenter(Document):
    """Where in which vCenter the virtual machines stand. All of it but the folder has to exist already."""

    server: DomainName = Field(examples=["vcenter.dev.example.internal"])
    """Host name of the vCenter, as it stands in its certificate."""
    datacenter: VsphereName = Field(examples=["dc-01"])
    """Name of the datacenter."""
    cluster: VsphereName = Field(examples=["cluster-01"])
    """Name of the cluster of hosts that runs the virtual machines."""
    datastore: VsphereName = Field(examples=["datastore-01"])
    """Name of the datastore that holds their disks."""
    network: VsphereName = Field(examples=["vm-network"])
    """Name of the port group that they are connected to."""
    folder: VsphereName = Field(examples=["slipway-dev"])
    """Name of the virtual machine folder and of the resource pool to create; no other environment may use it."""


class NodeNetwork(Document):
    """The network that the nodes stand in."""

    cidr: Network = Field(examples=["10.20.0.0/24"])
    """Network of the nodes, in CIDR notation."""
    gateway: Address = Field(examples=["10.20.0.1"])
    """Address of the default gateway."""
    nameservers: list[Address] = Field(min_length=1, max_length=3, examples=[["10.20.0.2"]])
    """Addresses of the DNS servers, one to three."""
    domain: DomainName = Field(examples=["dev.example.internal"])
    """DNS domain of the nodes; a node's full name is `<node>.<domain>`."""
    time_servers: list[HostName] = Field(min_length=1, examples=[["ntp.example.internal"]])
    """Names or addresses of the NTP servers."""


class Access(Document):
    """Who may log in to the nodes over SSH."""

    user: LoginName = Field(examples=["ops"])
    """Name of the login that is made on every node, with sudo."""
    ssh_public_keys: list[SshPublicKey] = Field(min_length=1)
    """Public keys, in OpenSSH format, that may log in as this user."""


class Machine(Document):
    """Size and addresses of the nodes of one kind."""

    count: NodeCount = Field(examples=[2])
    """How many nodes."""
    cpus: Cpus = Field(examples=[4])
    """Virtual CPUs per node."""
    memory_gib: MemoryGiB = Field(examples=[16])
    """Memory per node, in GiB."""
    disk_gib: DiskGiB = Field(examples=[100])
    """Size of the system disk, in GiB; at least the template's, and it can grow but never shrink."""
    addresses: AddressRangeText = Field(examples=["10.20.0.20-10.20.0.39"])
    """Address range that belongs to these nodes alone; node number n has the n-th address."""


class ControlPlane(Machine):
    """The nodes that carry the Kubernetes control plane."""

    count: Annotated[int, Field(ge=1, le=7, strict=True)] = Field(examples=[1])
    """How many control-plane nodes: 1, or 3 in production."""


class GpuRequest(Document):
    """GPUs for every node of a pool. The model has it; nothing provisions it yet, so it is refused by name."""

    profile: OneLine = Field(examples=["nvidia_h100-20c"])
    """Name of the vGPU profile, as the host reports it."""
    count: Annotated[int, Field(ge=1, le=16, strict=True)] = 1
    """How many of it per node."""


class NodePool(Machine):
    """A named group of equal nodes."""

    gpu: GpuRequest | None = None
    """GPUs of every node of the pool."""


class Environment(Document):
    """One environment: its site, its release, its nodes."""

    name: EnvironmentName = Field(examples=["dev"])
    """Name of the environment, the same as the file's; virtual machines are named `<environment>-<pool>-<number>`."""
    release: ReleaseVersion = Field(examples=["2026.11.0"])
    """Version of the release that the environment runs: a file in stacks/releases/."""
    owner: OneLine = Field(examples=["platform-team@example.com"])
    """Who answers for the environment; stands in the notes of every virtual machine."""
    vcenter: VCenter
    """Where the virtual machines stand."""
    network: NodeNetwork
    """The network that the nodes stand in."""
    access: Access
    """Who may log in to the nodes."""
    control_plane: ControlPlane
    """The control-plane nodes."""
    node_pools: dict[PoolName, NodePool] = Field(default_factory=dict)
    """Worker nodes by pool; the order of pools means nothing."""

    def machines(self) -> dict[str, Machine]:
        """Return every kind of node by its pool name: the control plane first, then the pools by name."""
        pools: dict[str, Machine] = {CONTROL_PLANE: self.control_plane}
        return pools | {name: self.node_pools[name] for name in sorted(self.node_pools)}
