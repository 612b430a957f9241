"""What a new environment has to have of its own, proposed from another one: pure, over documents."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

from infra.model.addresses import AddressRange
from infra.model.environment import pool_path
from infra.model.rules.claims import API_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from infra.model.environment import Environment
    from infra.model.rules.claims import Claims


@dataclass(frozen=True)
class Question:
    """Something that has to differ: its dotted `path` in the document, what to ask, and a proposal ("" without one).

    `lacking` says why there is no proposal, where that has a reason.
    """

    path: str
    title: str
    proposal: str
    lacking: str = ""


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
    source: Environment, cidr: IPv4Network, gateway: IPv4Address, claims: Sequence[Claims]
) -> list[Question]:
    """Return what to ask about addresses, with free ones proposed: as many as the source has, taken by nobody.

    `claims` are the addresses of all environments of the vCenter, the source's among them.
    """
    nameservers = source.network.nameservers
    taken = [AddressRange(address, address) for address in (gateway, *nameservers) if address in cidr]
    taken += [each for other in claims for each in other.ranges.values()]
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
        text = "" if free is None else str(free.first) if path == API_ADDRESS else str(free)
        questions.append(Question(path, title, text, "" if free else _lacking(cidr, size, taken)))
    return questions


def _lacking(cidr: IPv4Network, size: int, taken: Iterable[AddressRange]) -> str:
    largest = max(free_runs(cidr, taken), key=lambda run: run.size, default=None)
    most = f"the largest free run of {cidr} is {largest} ({largest.size})" if largest else f"{cidr} has none left"
    return f"needs {size} free address{'' if size == 1 else 'es'} in a row, and {most}"


def new_domain(name: str, source: Environment) -> str:
    """Return the source's domain with the new environment's name in the place of the source's."""
    labels = source.network.domain.split(".")
    if source.name in labels:
        return ".".join(name if label == source.name else label for label in labels)
    return f"{name}.{source.network.domain}"


def free_range(cidr: IPv4Network, size: int, taken: Iterable[AddressRange]) -> AddressRange | None:
    """Return the first run of `size` addresses of a network that nobody has taken, or None when there is none."""
    run = next((run for run in free_runs(cidr, taken) if run.size >= size), None)
    return AddressRange(run.first, run.at(size)) if run else None


def free_runs(cidr: IPv4Network, taken: Iterable[AddressRange]) -> Iterator[AddressRange]:
    """Yield every run of addresses of a network that nobody has taken, as long as they are."""
    first, end = int(cidr.network_address) + 1, int(cidr.broadcast_address)
    for used in sorted(taken, key=lambda each: int(each.first)):
        free_until = min(int(used.first), end)
        if first < free_until:
            yield AddressRange(IPv4Address(first), IPv4Address(free_until - 1))
        first = max(first, int(used.last) + 1)
    if first < end:
        yield AddressRange(IPv4Address(first), IPv4Address(end - 1))


def derived_changes(name: str, source: Environment, answers: Mapping[str, str]) -> dict[str, str | None]:
    """Return what follows from the name and the answers without a further question, by path; None goes away."""
    domain = answers["network.domain"]
    changes: dict[str, str | None] = {"name": name, "vcenter.folder": f"slipway-{name}"}
    if source.vcenter.create_port_group is not None and IPv4Network(answers["network.cidr"]) == source.network.cidr:
        changes["vcenter.createPortGroup"] = None  # the source's port group serves both
    oidc = source.first_boot.api_server.oidc
    if oidc is not None and source.network.domain in oidc.issuer:
        changes["firstBoot.apiServer.oidc.issuer"] = oidc.issuer.replace(source.network.domain, domain)
    gateway = source.cluster.gateway
    if gateway is not None:
        changes["cluster.gateway.domain"] = gateway.domain.replace(source.network.domain, domain)
        if gateway.address is not None:
            nth = int(gateway.address) - int(source.network.load_balancers.first)
            own = AddressRange.parse(answers["network.loadBalancers"])
            changes["cluster.gateway.address"] = str(own.at(nth + 1)) if nth < own.size else None
    return changes
