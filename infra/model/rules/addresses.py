"""Addresses: everything inside its network, nothing in two hands, room for what is asked."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address
from itertools import combinations
from typing import TYPE_CHECKING

from infra.model.addresses import LARGEST_SERVICES, SMALLEST_SERVICES
from infra.model.environment import pool_path
from infra.model.rules.finding import Finding
from infra.model.text_rules import host_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Network

    from infra.model.addresses import AddressRange
    from infra.model.environment import Environment

NODE_MASK = 24  # kube-controller-manager, --node-cidr-mask-size: what a node takes of the pod network


def address_rules(environment: Environment) -> Iterator[Finding]:
    """Yield what is wrong with the addresses of one environment."""
    yield from _single_addresses(environment)
    yield from _ranges_inside_network(environment)
    yield from _ranges_apart(environment)
    yield from _ranges_large_enough(environment)
    yield from _networks_apart(environment)
    yield from _cluster_networks_fit(environment)


def ranges(environment: Environment) -> dict[str, AddressRange]:
    """Return every address range of the node network by its path: pools first, then the load balancers."""
    pools = {f"{pool_path(name)}.addresses": machine.addresses for name, machine in environment.machines().items()}
    return {**pools, "network.loadBalancers": environment.network.load_balancers}


def _named_addresses(environment: Environment) -> dict[str, IPv4Address]:
    network = environment.network
    servers = {f"network.nameservers[{index}]": server for index, server in enumerate(network.nameservers)}
    return {"network.gateway": network.gateway, **servers, "network.apiAddress": network.api_address}


def outside_addresses(environment: Environment) -> dict[str, IPv4Address]:
    """Return the addresses of servers that nodes talk to, where the document gives addresses and no names, by path."""
    boot = environment.first_boot
    hosts = {f"network.timeServers[{index}]": host for index, host in enumerate(environment.network.time_servers)}
    if boot.proxy is not None:
        hosts |= {
            "firstBoot.proxy.http": host_of(boot.proxy.http),
            "firstBoot.proxy.https": host_of(boot.proxy.https),
        }
    for registry, mirrors in sorted(boot.registry_mirrors.items()):
        path = f"firstBoot.registryMirrors.{registry}"
        hosts |= {f"{path}[{index}]": host_of(mirror) for index, mirror in enumerate(mirrors)}
    if boot.api_server.oidc is not None:
        hosts["firstBoot.apiServer.oidc.issuer"] = host_of(boot.api_server.oidc.issuer)
    servers = environment.network.nameservers
    found = {f"network.nameservers[{index}]": server for index, server in enumerate(servers)}
    for path, host in hosts.items():
        with suppress(ValueError):  # a name, and no address
            found[path] = IPv4Address(host)
    return found


def _single_addresses(environment: Environment) -> Iterator[Finding]:
    network = environment.network
    own = {"network.gateway": network.gateway, "network.apiAddress": network.api_address}
    why = {
        "network.gateway": "nodes reach only a gateway in their own network",
        "network.apiAddress": "the control-plane nodes announce it in their own network",
    }
    for path, address in own.items():
        if address not in network.cidr:
            yield Finding(path, str(address), f"is outside network.cidr ({network.cidr})", why[path])
        elif address in (network.cidr.network_address, network.cidr.broadcast_address):
            yield Finding(
                path,
                str(address),
                f"is the network or broadcast address of network.cidr ({network.cidr})",
                "choose another address of the network",
            )
    named = _named_addresses(environment)
    for (path, address), (other_path, other) in combinations(named.items(), 2):
        servers = "nameservers" in path and "nameservers" in other_path
        gateway_serves = path == "network.gateway" and "nameservers" in other_path  # small sites do that
        if address == other and not gateway_serves:
            fix = "name every server once" if servers else "choose an address that nobody has"
            yield Finding(other_path, str(other), f"is {path}, too", fix)
    for path, address in outside_addresses(environment).items():
        if address == network.api_address and path not in named:
            fix = "choose an address that nobody has, or correct that server"
            yield Finding("network.apiAddress", str(address), f"is {path}, too", fix)


def _ranges_inside_network(environment: Environment) -> Iterator[Finding]:
    cidr = environment.network.cidr
    usable = f"{cidr.network_address + 1}-{cidr.broadcast_address - 1}"
    for path, addresses in ranges(environment).items():
        outside = addresses.first not in cidr or addresses.last not in cidr
        if outside or cidr.network_address in addresses or cidr.broadcast_address in addresses:
            yield Finding(
                path, str(addresses), f"reaches outside network.cidr ({cidr})", f"choose a range within {usable}"
            )
        for other_path, address in (_named_addresses(environment) | outside_addresses(environment)).items():
            if address in addresses:
                yield Finding(
                    path,
                    str(addresses),
                    f"contains {other_path} ({address})",
                    "shorten the range or move it, somebody else would take that address",
                )


def _ranges_apart(environment: Environment) -> Iterator[Finding]:
    for (path, addresses), (other_path, other) in combinations(ranges(environment).items(), 2):
        if addresses.overlaps(other):
            yield Finding(
                other_path, str(other), f"overlaps {path} ({addresses})", "give each of them its own addresses"
            )


def _ranges_large_enough(environment: Environment) -> Iterator[Finding]:
    for pool, machine in environment.machines().items():
        if machine.count > machine.addresses.size:
            yield Finding(
                f"{pool_path(pool)}.count",
                str(machine.count),
                f"exceeds the {machine.addresses.size} addresses of {pool_path(pool)}.addresses ({machine.addresses})",
                "widen the range or ask for fewer nodes",
            )


def _networks(environment: Environment) -> dict[str, IPv4Network]:
    network = environment.network
    return {"network.cidr": network.cidr, "network.pods": network.pods, "network.services": network.services}


def _networks_apart(environment: Environment) -> Iterator[Finding]:
    for (path, network), (other_path, other) in combinations(_networks(environment).items(), 2):
        if network.overlaps(other):
            yield Finding(
                other_path,
                str(other),
                f"overlaps {path} ({network})",
                "choose a network that nothing else uses, a node could not tell them apart",
            )
    for path, address in outside_addresses(environment).items():
        for network_path in ("network.pods", "network.services"):
            if address in _networks(environment)[network_path]:
                yield Finding(
                    network_path,
                    str(_networks(environment)[network_path]),
                    f"contains {path} ({address})",
                    "choose another network, or no pod reaches that server",
                )


def _cluster_networks_fit(environment: Environment) -> Iterator[Finding]:
    network = environment.network
    nodes = sum(machine.count for machine in environment.machines().values())
    room = 2 ** (NODE_MASK - network.pods.prefixlen) if network.pods.prefixlen <= NODE_MASK else 0
    if room < nodes:
        yield Finding(
            "network.pods",
            str(network.pods),
            f"has room for {room} nodes, a /{NODE_MASK} each, and the environment has {nodes}",
            f"use a prefix length of {NODE_MASK - max(nodes - 1, 0).bit_length()} or less",
        )
    if not LARGEST_SERVICES <= network.services.prefixlen <= SMALLEST_SERVICES:
        yield Finding(
            "network.services",
            str(network.services),
            "is too large for the API server or too small for the Services of a cluster",
            f"use a prefix length from {LARGEST_SERVICES} to {SMALLEST_SERVICES}",
        )
