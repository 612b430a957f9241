"""What the compute layer decides: names, addresses, boot documents, roll triggers. Plain data in, plain data out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.guest_info import guest_info
from infra.render import render

if TYPE_CHECKING:
    from infra.model.environment import Environment, Machine
    from infra.model.release import Release

MIB_PER_GIB = 1024


@dataclass(frozen=True)
class NodePlan:
    """One virtual machine: its `name` (also the host name), `address` (IPv4), and its two cloud-init documents."""

    name: str
    address: str
    metadata: str
    user_data: str

    def extra_configuration(self) -> dict[str, str]:
        """Return the extra configuration that hands the documents to cloud-init's VMware datasource."""
        return guest_info(self.metadata, self.user_data)


@dataclass(frozen=True)
class PoolPlan:
    """One node pool: `name`, size per node, its nodes by name, and the `roll_trigger` that replaces them on purpose."""

    name: str
    cpus: int
    memory_mib: int
    disk_gib: int
    roll_trigger: str
    nodes: tuple[NodePlan, ...]


@dataclass(frozen=True)
class ComputePlan:
    """Everything that the compute layer creates, in plain data."""

    notes: str
    pools: tuple[PoolPlan, ...]


def plan_compute(environment: Environment, release: Release) -> ComputePlan:
    """Decide every virtual machine of an environment.

    A node's name and address follow from its pool and its number alone, so that no other pool's coming or going
    changes it.
    """
    pools = tuple(_pool(environment, release, name, machine) for name, machine in environment.machines().items())
    return ComputePlan(
        notes=f"Slipway environment {environment.name}, owner {environment.owner}. Changes by hand are undone.",
        pools=pools,
    )


def node_name(environment: str, pool: str, ordinal: int) -> str:
    """Return the name of a node; `ordinal` counts from 1 within its pool."""
    return f"{environment}-{pool}-{ordinal}"


def _pool(environment: Environment, release: Release, name: str, machine: Machine) -> PoolPlan:
    return PoolPlan(
        name=name,
        cpus=machine.cpus,
        memory_mib=machine.memory_gib * MIB_PER_GIB,
        disk_gib=machine.disk_gib,
        roll_trigger=_roll_trigger(environment, release, machine),
        nodes=tuple(_node(environment, name, machine, ordinal) for ordinal in range(1, machine.count + 1)),
    )


def _node(environment: Environment, pool: str, machine: Machine, ordinal: int) -> NodePlan:
    name = node_name(environment.name, pool, ordinal)
    address = str(machine.addresses.at(ordinal))
    return NodePlan(
        name=name,
        address=address,
        metadata=_metadata(environment, name, address),
        user_data=_user_data(environment, name),
    )


def _metadata(environment: Environment, name: str, address: str) -> str:
    """Return the instance metadata with the static network (cloud-init network configuration version 2), as JSON."""
    network = environment.network
    interface = {
        "match": {"name": "e*"},  # vmxnet3's name depends on the PCI slot; a node has one interface
        "dhcp4": False,
        "dhcp6": False,
        "addresses": [f"{address}/{network.cidr.prefixlen}"],
        "routes": [{"to": "0.0.0.0/0", "via": str(network.gateway)}],
        "nameservers": {
            "addresses": [str(server) for server in network.nameservers],
            "search": [network.domain],
        },
    }
    metadata = {
        "instance-id": name,
        "local-hostname": name,
        "network": {"version": 2, "ethernets": {"primary": interface}},
        "wait-on-network": {"ipv4": True},
    }
    return json.dumps(metadata, indent=2, sort_keys=True) + "\n"


def _user_data(environment: Environment, name: str) -> str:
    return render(
        "machine/user-data.yaml.j2",
        {
            "hostname": name,
            "fqdn": f"{name}.{environment.network.domain}",
            "user": environment.access.user,
            "ssh_public_keys": list(environment.access.ssh_public_keys),
            "time_servers": list(environment.network.time_servers),
        },
    )


def _roll_trigger(environment: Environment, release: Release, machine: Machine) -> str:
    """Return a hash of the decisions that a living node can't follow without being made anew.

    It is taken of the decisions, not of rendered documents: a comment in a template, or a template of the same name
    that was built again, must not roll a pool.
    """
    network = environment.network
    decisions: dict[str, Any] = {
        "template": release.machine_template.name,
        "firmware": release.machine_template.firmware,
        "first address": str(machine.addresses.first),
        "network": [
            str(network.cidr),
            str(network.gateway),
            [str(s) for s in network.nameservers],
            network.domain,
        ],
        "time servers": list(network.time_servers),
        "access": [
            environment.access.user,
            sorted(_without_comment(key) for key in environment.access.ssh_public_keys),
        ],
    }
    return hashlib.sha256(json.dumps(decisions, sort_keys=True).encode()).hexdigest()[:16]


def _without_comment(ssh_public_key: str) -> str:
    """Return type and key of an OpenSSH public key: the comment behind them lets nobody in and keeps nobody out."""
    return " ".join(ssh_public_key.split()[:2])
