"""Several environments: what two of them can't both have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.model.addresses import AddressRange
from infra.model.environment import pool_path
from infra.model.rules.addresses import outside_addresses, ranges
from infra.model.rules.claims import API_ADDRESS
from infra.model.rules.finding import Finding
from infra.model.rules.names import same_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.model.rules.claims import Claims
    from infra.model.site import VCenter

Neighbour = tuple["Environment", "Release | None"]


def neighbour_rules(
    environment: Environment, release: Release | None, others: Sequence[Neighbour], claims: Sequence[Claims]
) -> Iterator[Finding]:
    """Yield what an environment can't have because another environment has it.

    `claims` are the addresses of all other environments, those among them whose document is refused.
    """
    for each in claims:
        if each.server == environment.vcenter.server:
            yield from _addresses_in_use(environment, each)
    for other, other_release in others:
        if other.vcenter.server == environment.vcenter.server:
            yield from _same_folder(environment, other)
            yield from _same_port_group(environment, other)
            yield from _same_network(environment, other)
            yield from _same_template(environment, release, other, other_release)
        if other.vcenter.server == environment.vcenter.server or other.network.domain == environment.network.domain:
            yield from _same_node_names(environment, other)


def _same_folder(environment: Environment, other: Environment) -> Iterator[Finding]:
    own, others = environment.vcenter, other.vcenter
    if not same_name(own.datacenter, others.datacenter):
        return
    if same_name(own.folder, others.folder):
        yield Finding(
            "vcenter.folder",
            own.folder,
            f"is the folder of environment {other.name} in the same datacenter, too",
            f"choose another, for example {_another_folder(environment)}",
        )
    elif "/" in own.template and same_name(own.template.partition("/")[0], others.folder):
        yield Finding(
            "vcenter.template",
            own.template,
            f"stands in the folder of environment {other.name} ({others.folder}), which goes with it",
            "move the template to a folder of its own",
        )


def _another_folder(environment: Environment) -> str:
    proposal = f"slipway-{environment.name}"
    return f"{proposal}-2" if same_name(environment.vcenter.folder, proposal) else proposal


def _same_port_group(environment: Environment, other: Environment) -> Iterator[Finding]:
    own, others = environment.vcenter, other.vcenter
    if not _one_port_group(own, others):
        return
    if own.create_port_group is not None and others.create_port_group is not None:
        yield Finding(
            "vcenter.createPortGroup",
            "",
            f"creates port group {own.network}, and so does environment {other.name}",
            "let one of the two create it, or choose another name in vcenter.network",
        )


def _one_port_group(own: VCenter, others: VCenter) -> bool:
    return same_name(own.datacenter, others.datacenter) and same_name(own.network, others.network)


def _same_network(environment: Environment, other: Environment) -> Iterator[Finding]:
    own, others = environment.network, other.network
    if not own.cidr.overlaps(others.cidr):
        return
    cidr, party = str(own.cidr), f"environment {other.name}"
    if own.cidr != others.cidr:
        reason = f"overlaps the network of {party} ({others.cidr})"
        yield Finding("network.cidr", cidr, reason, "use the same network for both, or two that don't overlap")
        return
    if own.gateway != others.gateway:
        reason = f"differs from the gateway of {party} in the same network ({others.gateway})"
        yield Finding("network.gateway", str(own.gateway), reason, "a network has one gateway for all")


def _addresses_in_use(environment: Environment, claims: Claims) -> Iterator[Finding]:
    """Yield what another environment of the vCenter asks for, too; its document may be refused otherwise."""
    yield from _api_address_is_server(environment, claims)
    if not claims.may_share_network(environment.network.cidr):
        return
    fix = "choose addresses that no environment of this network has"
    api, party = environment.network.api_address, f"environment {claims.environment}"
    for path, theirs in claims.ranges.items():
        if api in theirs and (theirs.size > 1 or path == API_ADDRESS):
            reason = f"is in {path} of {party} ({theirs})" if theirs.size > 1 else f"is {path} of {party}"
            yield Finding(API_ADDRESS, str(api), reason, fix)
        for own_path, own in ranges(environment).items():
            if own.overlaps(theirs):
                verb, what = ("contains", theirs.first) if theirs.size == 1 else ("overlaps", theirs)
                yield Finding(own_path, str(own), f"{verb} {path} of {party} ({what})", fix)


def _api_address_is_server(environment: Environment, claims: Claims) -> Iterator[Finding]:
    """Yield an API address of one environment at which the other one expects its gateway or a server."""
    api, party = environment.network.api_address, f"environment {claims.environment}"
    for path, theirs in claims.ranges.items():
        if theirs == AddressRange(api, api) and path != API_ADDRESS:
            yield Finding(API_ADDRESS, str(api), f"is {path} of {party}", "choose an address that nobody has")
    other_api = claims.ranges.get(API_ADDRESS)
    servers = {"network.gateway": environment.network.gateway, **outside_addresses(environment)}
    for path, server in servers.items():
        if other_api == AddressRange(server, server):
            fix = "correct it, or choose another API address there"
            yield Finding(path, str(server), f"is {API_ADDRESS} of {party}", fix)


def _same_template(
    environment: Environment, release: Release | None, other: Environment, other_release: Release | None
) -> Iterator[Finding]:
    own, others = environment.vcenter, other.vcenter
    if not (same_name(own.datacenter, others.datacenter) and same_name(own.template, others.template)):
        return
    if release is None or other_release is None:
        return
    mine, theirs = _template_facts(release), _template_facts(other_release)
    differing = [key for key in mine if mine[key] != theirs[key]]
    if differing:
        yield Finding(
            "vcenter.template",
            own.template,
            f"environment {other.name} has the same template, and its release {other.release} contradicts "
            f"{environment.release} in {', '.join(differing)}",
            "build a template for each release, or move both environments to one release",
        )


def _template_facts(release: Release) -> dict[str, object]:
    facts = release.machine_template.model_dump(by_alias=True)
    return {"kubernetes.version": release.kubernetes.version} | {f"machineTemplate.{k}": v for k, v in facts.items()}


def _same_node_names(environment: Environment, other: Environment) -> Iterator[Finding]:
    """Yield a pool whose nodes, or whose rule in vCenter, have the names of another environment's."""
    theirs = _node_names(other)
    for name, pool in _node_names(environment).items():
        if name in theirs:
            yield Finding(
                pool_path(pool),
                "",
                f"makes the name {name}, and so does {pool_path(theirs[name])} of environment {other.name}",
                "rename the pool",
            )
            return  # one says it all


def _node_names(environment: Environment) -> dict[str, str]:
    numbered = {
        f"{environment.name}-{pool}-{ordinal}": pool
        for pool, machine in environment.machines().items()
        for ordinal in range(1, machine.count + 1)
    }
    return numbered | {f"{environment.name}-{pool}": pool for pool in environment.machines()}


def neighbour_warnings(
    environment: Environment, others: Sequence[Neighbour], claims: Sequence[Claims]
) -> Iterator[Finding]:
    """Yield what two environments share and perhaps should not."""
    for each in claims:
        elsewhere = each.server not in (None, environment.vcenter.server)  # perhaps another site with the same numbers
        if elsewhere and each.cidr is not None and each.cidr.overlaps(environment.network.cidr):
            yield from _api_address_is_server(environment, each)
    own = environment.vcenter
    for other, _ in others:
        theirs = other.vcenter
        one_network = own.server == theirs.server and environment.network.cidr == other.network.cidr
        if one_network and not _one_port_group(own, theirs):
            yield Finding(
                "network.cidr",
                str(environment.network.cidr),
                f"is the network of environment {other.name}, whose port group is {theirs.network}",
                "right if both port groups carry one VLAN, else use another network",
            )
