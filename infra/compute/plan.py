"""What the compute layer decides: names, addresses, disks, tags, rules. Plain data in, plain data out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.compute.first_boot import metadata, roll_trigger, user_data
from infra.guest_info import guest_info
from infra.model.environment import CONTROL_PLANE, pool_path
from infra.model.nodes import NodePool

if TYPE_CHECKING:
    from infra.gpu.fixed import Seat
    from infra.gpu.lock import PlacementLock, PoolLock
    from infra.model.environment import Environment
    from infra.model.nodes import Machine
    from infra.model.release import Release

MIB_PER_GIB = 1024


@dataclass(frozen=True)
class NodePlan:
    """One virtual machine.

    `name` is also the host name, `address` IPv4, `metadata` and `user_data` its cloud-init documents, `seat` host and
    devices of a node with passthrough, `roll_trigger` what makes it anew on purpose, `mmio_gib` its 64-bit MMIO space
    (0 without GPUs).
    """

    name: str
    address: str
    metadata: str
    user_data: str
    roll_trigger: str
    seat: Seat | None = None
    mmio_gib: int = 0

    def extra_configuration(self) -> dict[str, str]:
        """Return the extra configuration: the documents for cloud-init's VMware datasource, and what GPUs need."""
        found = guest_info(self.metadata, self.user_data)
        if self.mmio_gib:
            found |= {"pciPassthru.use64bitMMIO": "TRUE", "pciPassthru.64bitMMIOSizeGB": str(self.mmio_gib)}
        return found


@dataclass(frozen=True)
class DiskPlan:
    """One virtual disk: its `label` in vSphere's eyes, `size_gib`, and its `unit` on the SCSI controller."""

    label: str
    size_gib: int
    unit: int


@dataclass(frozen=True)
class AntiAffinityPlan:
    """A rule that keeps the nodes of a pool on different hosts; `mandatory` rather leaves one off than breaks it."""

    name: str
    mandatory: bool


@dataclass(frozen=True)
class PoolPlan:
    """One node pool.

    `cluster` is the cluster of hosts it runs on, `disks` the disks of every node by unit, `tags` the names of the tags
    of its nodes, `roll_trigger` what replaces them on purpose, at most `max_unavailable` at once; a `protected` pool is
    neither removed nor shrunk. `gpu` is what every node gets by the placement lock, `gpu_template` the name of the
    template that carries it where vSphere chooses the devices.
    """

    name: str
    cluster: str
    cpus: int
    memory_mib: int
    disks: tuple[DiskPlan, ...]
    tags: tuple[str, ...]
    anti_affinity: AntiAffinityPlan | None
    protected: bool
    max_unavailable: int
    roll_trigger: str
    nodes: tuple[NodePlan, ...]
    gpu: PoolLock | None = None
    gpu_template: str = ""

    @property
    def memory_reservation_mib(self) -> int:
        """Memory that the host keeps for each machine alone: with GPUs all of it, else none.

        Without the whole memory reserved no machine with a PCI device starts (vSphere, "Add a PCI Device").
        """
        return self.memory_mib if self.gpu is not None else 0


@dataclass(frozen=True)
class ComputePlan:
    """Everything that the compute layer creates, in plain data."""

    notes: str
    pools: tuple[PoolPlan, ...]

    @property
    def clusters(self) -> tuple[str, ...]:
        """The clusters of hosts that pools run on, sorted."""
        return tuple(sorted({pool.cluster for pool in self.pools}))

    @property
    def tags(self) -> tuple[str, ...]:
        """The names of all tags, sorted."""
        return tuple(sorted({tag for pool in self.pools for tag in pool.tags}))

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that nodes are pinned to, sorted."""
        return tuple(sorted({node.seat.host for node in self.nodes if node.seat is not None}))

    @property
    def nodes(self) -> tuple[NodePlan, ...]:
        """All nodes, pool by pool."""
        return tuple(node for pool in self.pools for node in pool.nodes)


def plan_compute(environment: Environment, release: Release, lock: PlacementLock | None = None) -> ComputePlan:
    """Decide every virtual machine of an environment; `lock` says which node gets which GPUs.

    A node's name and address follow from its pool and its number alone, so that no other pool's coming or going
    changes it.
    """
    pools = tuple(_pool(environment, release, name, machine, lock) for name, machine in environment.machines().items())
    return ComputePlan(
        notes=f"Slipway environment {environment.name}, owner {environment.owner}. Changes by hand are undone.",
        pools=pools,
    )


def _pool(
    environment: Environment, release: Release, name: str, machine: Machine, lock: PlacementLock | None
) -> PoolPlan:
    control_plane = name == CONTROL_PLANE
    gpu = lock.pools.get(name) if lock else None
    trigger = roll_trigger(environment, release, machine, control_plane=control_plane)
    if gpu is not None:
        trigger = _with(trigger, gpu.need, gpu.mmio_gib)
    return PoolPlan(
        name=name,
        cluster=environment.cluster_of(machine),
        cpus=machine.cpus,
        memory_mib=machine.memory_gib * MIB_PER_GIB,
        disks=_disks(machine),
        tags=_tags(environment, name),
        anti_affinity=_anti_affinity(environment, name, machine),
        protected=pool_path(name) in environment.protected,
        max_unavailable=machine.roll_policy.max_unavailable if isinstance(machine, NodePool) else 1,
        roll_trigger=trigger,
        nodes=tuple(
            _node(environment, release, name, ordinal, trigger, lock) for ordinal in range(1, machine.count + 1)
        ),
        gpu=gpu,
        gpu_template=_gpu_template(environment, name, gpu),
    )


def _with(trigger: str, *decisions: object) -> str:
    """Return a roll trigger that changes with further decisions, too."""
    return hashlib.sha256(f"{trigger} {decisions}".encode()).hexdigest()[:16]


def _gpu_template(environment: Environment, pool: str, gpu: PoolLock | None) -> str:
    """Return the name of the template that carries a pool's GPUs: profile or board, count, and a hash of the base."""
    if gpu is None or gpu.need.kind == "passthrough":
        return ""
    base = hashlib.sha256(environment.vcenter.template.encode()).hexdigest()[:6]
    what = (gpu.need.profile or gpu.need.board).replace(" ", "-").lower()
    return f"{environment.name}-{pool}-{what}-x{gpu.need.count}-{base}"


def _disks(machine: Machine) -> tuple[DiskPlan, ...]:
    further = machine.data_disks if isinstance(machine, NodePool) else {}
    disks = [DiskPlan(name, disk.size_gib, disk.unit) for name, disk in further.items()]
    return (DiskPlan("disk0", machine.disk_gib, 0), *sorted(disks, key=lambda disk: disk.unit))


def _tags(environment: Environment, pool: str) -> tuple[str, ...]:
    derived = {"environment": environment.name, "pool": pool}
    paid = {"costCentre": environment.cost_centre} if environment.cost_centre else {}
    return tuple(f"{key}={value}" for key, value in sorted((environment.tags | derived | paid).items()))


def _anti_affinity(environment: Environment, pool: str, machine: Machine) -> AntiAffinityPlan | None:
    if machine.anti_affinity == "none" or machine.count < 2:  # noqa: PLR2004 - one node alone is apart
        return None
    return AntiAffinityPlan(f"{environment.name}-{pool}", mandatory=machine.anti_affinity == "required")


def _node(
    environment: Environment, release: Release, pool: str, ordinal: int, trigger: str, lock: PlacementLock | None
) -> NodePlan:
    name = environment.node_name(pool, ordinal)
    seat = lock.seats.get(name) if lock else None
    gpu = lock.pools.get(pool) if lock else None
    address = str(environment.machines()[pool].addresses.at(ordinal))
    return NodePlan(
        name=name,
        address=address,
        metadata=metadata(environment, name, address),
        user_data=user_data(environment, release, name, address),
        # a machine can't take its devices to another host, so another seat is another machine
        roll_trigger=trigger if seat is None else _with(trigger, seat),
        seat=seat,
        mmio_gib=gpu.mmio_gib if gpu else 0,
    )
