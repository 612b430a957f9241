"""What a new environment has to have of its own, proposed from another one: pure, over documents."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from infra.model.addresses import AddressRange
from infra.model.environment import pool_path
from infra.model.rules.addresses import ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from ipaddress import IPv4Network

    from infra.model.environment import Environment


@dataclass(frozen=True)
class Question:
    """Something that has to differ: its dotted `path` in the document, what to ask, and a proposal ("" without one)."""

    path: str
    title: str
    proposal: str


def site_questions(name: str, source: Environment) -> list[Question]:
    """Return what to ask about the site of an environment that is made from `source`."""
    return [
        Question("network.domain", "DNS domain of the nodes", new_domain(name, source)),
        Question("network.cidr", "Network of the nodes", str(source.network.cidr)),
    ]


def other_network_questions(name: str, source: Environment, cidr: IPv4Network) -> list[Question]:
    """Return what to ask besides when the nodes stand in another network than the source's."""
    gateway = Question("network.gateway", "Default gateway", str(cidr.network_address + 1))
    if source.vcenter.create_port_group is None:
        return [gateway, Question("vcenter.network", "Port group of that network", "")]
    return [
        gateway,
        Question("vcenter.network", "Port group to create", f"slipway-{name}"),
        Question("vcenter.createPortGroup.vlan", "VLAN of that port group", ""),
    ]


def address_questions(
    source: Environment, cidr: IPv4Network, gateway: IPv4Address, others: Sequence[Environment]
) -> list[Question]:
    """Return what to ask about addresses, with free ones proposed: as many as the source has, taken by nobody.

    `others` are all environments of the vCenter, the source among them.
    """
    nameservers = source.network.nameservers
    taken = [AddressRange(address, address) for address in (gateway, *nameservers) if address in cidr]
    taken += [each for other in others if other.network.cidr.overlaps(cidr) for each in _used(other)]
    wanted = [("network.apiAddress", "Address of the Kubernetes API", 1)]
    for name, machine in source.machines().items():
        path = pool_path(name)
        wanted.append((f"{path}.addresses", f"Addresses of {path}", machine.addresses.size))
    wanted.append(("network.loadBalancers", "Load-balancer addresses", source.network.load_balancers.size))
    questions = []
    for path, title, size in wanted:
        free = free_range(cidr, size, taken)
        if free is not None:
            taken.append(free)
        text = "" if free is None else str(free.first) if path.endswith("apiAddress") else str(free)
        questions.append(Question(path, title, text))
    return questions


def new_domain(name: str, source: Environment) -> str:
    """Return the source's domain with the new environment's name in the place of the source's."""
    labels = source.network.domain.split(".")
    if source.name in labels:
        return ".".join(name if label == source.name else label for label in labels)
    return f"{name}.{source.network.domain}"


def free_range(cidr: IPv4Network, size: int, taken: Iterable[AddressRange]) -> AddressRange | None:
    """Return the first run of `size` addresses of a network that nobody has taken, or None when there is none."""
    first, last = int(cidr.network_address) + 1, int(cidr.broadcast_address) - 1
    for used in sorted(taken, key=lambda each: int(each.first)):
        if int(used.first) - first >= size:
            break
        first = max(first, int(used.last) + 1)
    if first + size - 1 > last:
        return None
    return AddressRange(IPv4Address(first), IPv4Address(first + size - 1))


def derived_changes(name: str, source: Environment, domain: str, cidr: IPv4Network) -> dict[str, str | None]:
    """Return what follows from the name, the domain and the network without a question, by path; None goes away."""
    changes: dict[str, str | None] = {"name": name, "vcenter.folder": f"slipway-{name}"}
    if source.vcenter.create_port_group is not None and cidr == source.network.cidr:
        changes["vcenter.createPortGroup"] = None  # the source's port group serves both
    oidc = source.first_boot.api_server.oidc
    if oidc is not None and source.network.domain in oidc.issuer:
        changes["firstBoot.apiServer.oidc.issuer"] = oidc.issuer.replace(source.network.domain, domain)
    return changes


def _used(environment: Environment) -> list[AddressRange]:
    network = environment.network
    single = [network.gateway, network.api_address, *network.nameservers]
    return [*ranges(environment).values(), *(AddressRange(address, address) for address in single)]
