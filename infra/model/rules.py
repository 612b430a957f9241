"""Rules that span several fields of the documents: pure, each a small function that yields what it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from infra.model.environment import CONTROL_PLANE
from infra.model.types import LONGEST_DNS_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address

    from infra.model.environment import Environment, Machine
    from infra.model.release import Release
    from infra.model.types import AddressRange


@dataclass(frozen=True)
class Violation:
    """One thing that a rule refuses: dotted `path`, the `value` there, the `reason` (with other parties), the `fix`."""

    path: str
    value: str
    reason: str
    fix: str


def environment_violations(environment: Environment, release: Release | None) -> list[Violation]:
    """Return what the rules refuse in a document whose fields are well-formed, in the order of the rules.

    `release` is None when the document names one that isn't there; rules that compare with it are left out then.
    """
    found = [
        *_network_addresses(environment),
        *_ranges_inside_network(environment),
        *_ranges_apart(environment),
        *_ranges_large_enough(environment),
        *_even_control_plane(environment),
        *_reserved_pool_name(environment),
        *_names_fit(environment),
        *_gpus_not_yet(environment),
    ]
    return found if release is None else [*found, *_disks_hold_template(environment, release)]


def pool_path(pool: str) -> str:
    """Return the path of a pool in the document."""
    return "controlPlane" if pool == CONTROL_PLANE else f"nodePools.{pool}"


def _ranges(environment: Environment) -> dict[str, AddressRange]:
    return {f"{pool_path(name)}.addresses": machine.addresses for name, machine in environment.machines().items()}


def _single_addresses(environment: Environment) -> dict[str, IPv4Address]:
    network = environment.network
    servers = {f"network.nameservers[{index}]": server for index, server in enumerate(network.nameservers)}
    return {"network.gateway": network.gateway, **servers}


def _network_addresses(environment: Environment) -> Iterator[Violation]:
    network = environment.network
    if network.gateway not in network.cidr:
        yield Violation(
            "network.gateway",
            str(network.gateway),
            f"is outside network.cidr ({network.cidr})",
            "nodes reach only a gateway in their own network",
        )
    elif network.gateway in (network.cidr.network_address, network.cidr.broadcast_address):
        yield Violation(
            "network.gateway",
            str(network.gateway),
            f"is the network or broadcast address of network.cidr ({network.cidr})",
            "choose another address of the network",
        )


def _ranges_inside_network(environment: Environment) -> Iterator[Violation]:
    cidr = environment.network.cidr
    usable = f"{cidr.network_address + 1}-{cidr.broadcast_address - 1}"
    for path, addresses in _ranges(environment).items():
        outside = addresses.first not in cidr or addresses.last not in cidr
        if outside or cidr.network_address in addresses or cidr.broadcast_address in addresses:
            yield Violation(
                path,
                str(addresses),
                f"reaches outside network.cidr ({cidr})",
                f"choose a range within {usable}",
            )
        for other_path, address in _single_addresses(environment).items():
            if address in addresses:
                yield Violation(
                    path,
                    str(addresses),
                    f"contains {other_path} ({address})",
                    "shorten the range or move it, a node would take that address",
                )


def _ranges_apart(environment: Environment) -> Iterator[Violation]:
    for (path, addresses), (other_path, other) in combinations(_ranges(environment).items(), 2):
        if addresses.overlaps(other):
            yield Violation(
                other_path, str(other), f"overlaps {path} ({addresses})", "give every pool a range of its own"
            )


def _ranges_large_enough(environment: Environment) -> Iterator[Violation]:
    for pool, machine in environment.machines().items():
        if machine.count > machine.addresses.size:
            yield Violation(
                f"{pool_path(pool)}.count",
                str(machine.count),
                f"exceeds the {machine.addresses.size} addresses of {pool_path(pool)}.addresses ({machine.addresses})",
                "widen the range or ask for fewer nodes",
            )


def _even_control_plane(environment: Environment) -> Iterator[Violation]:
    count = environment.control_plane.count
    if count % 2 == 0:
        yield Violation(
            "controlPlane.count",
            str(count),
            "is even, and etcd loses its majority sooner with an even number than with one node less",
            f"use {count - 1} or {count + 1}",
        )


def _reserved_pool_name(environment: Environment) -> Iterator[Violation]:
    if CONTROL_PLANE in environment.node_pools:
        yield Violation(
            f"nodePools.{CONTROL_PLANE}",
            "",
            "is the name that control-plane nodes carry (controlPlane)",
            "choose another name for the pool",
        )


def _names_fit(environment: Environment) -> Iterator[Violation]:
    for pool, machine in environment.machines().items():
        longest = f"{environment.name}-{pool}-{max(machine.count, 1)}"
        if len(longest) > LONGEST_DNS_LABEL:
            yield Violation(
                pool_path(pool),
                "",
                f"makes the host name {longest} of {len(longest)} characters, DNS allows {LONGEST_DNS_LABEL}",
                "shorten the name of the pool or of the environment",
            )


def _gpus_not_yet(environment: Environment) -> Iterator[Violation]:
    for name, pool in sorted(environment.node_pools.items()):
        if pool.gpu is not None:
            yield Violation(
                f"nodePools.{name}.gpu",
                pool.gpu.profile,
                "GPU pools are not provisioned by this version of Slipway",
                "remove the gpu section of the pool, or the pool",
            )


def _disks_hold_template(environment: Environment, release: Release) -> Iterator[Violation]:
    template = release.machine_template
    pools: dict[str, Machine] = environment.machines()
    for pool, machine in pools.items():
        if machine.disk_gib < template.disk_gib:
            yield Violation(
                f"{pool_path(pool)}.diskGiB",
                str(machine.disk_gib),
                f"is smaller than the disk of template {template.name} ({template.disk_gib} GiB, "
                f"release {release.version})",
                f"use {template.disk_gib} or more",
            )
