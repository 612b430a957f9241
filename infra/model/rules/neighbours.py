"""Several environments: what two of them can't both have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.model.environment import pool_path
from infra.model.rules.addresses import outside_addresses, ranges
from infra.model.rules.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.model.addresses import AddressRange
    from infra.model.environment import Environment
    from infra.model.release import Release

Neighbour = tuple["Environment", "Release | None"]


def neighbour_rules(
    environment: Environment, release: Release | None, others: Sequence[Neighbour]
) -> Iterator[Finding]:
    """Yield what an environment can't have because another environment has it."""
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
    if own.datacenter != others.datacenter:
        return
    if own.folder.casefold() == others.folder.casefold():  # vSphere does not tell names apart by case
        yield Finding(
            "vcenter.folder",
            own.folder,
            f"is the folder of environment {other.name} in the same datacenter, too",
            f"choose another, for example {_another_folder(environment)}",
        )
    elif "/" in own.template and own.template.partition("/")[0].casefold() == others.folder.casefold():
        yield Finding(
            "vcenter.template",
            own.template,
            f"stands in the folder of environment {other.name} ({others.folder}), which goes with it",
            "move the template to a folder of its own",
        )


def _another_folder(environment: Environment) -> str:
    proposal = f"slipway-{environment.name}"
    return f"{proposal}-2" if environment.vcenter.folder.casefold() == proposal else proposal


def _same_port_group(environment: Environment, other: Environment) -> Iterator[Finding]:
    own, others = environment.vcenter, other.vcenter
    if (own.datacenter, own.network) != (others.datacenter, others.network):
        return
    if own.create_port_group is not None and others.create_port_group is not None:
        yield Finding(
            "vcenter.createPortGroup",
            "",
            f"creates port group {own.network}, and so does environment {other.name}",
            "let one of the two create it, or choose another name in vcenter.network",
        )


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
    yield from _address_in_use(environment, other)


def _address_in_use(environment: Environment, other: Environment) -> Iterator[Finding]:
    fix = "choose addresses that no environment of this network has"
    api, other_api = environment.network.api_address, other.network.api_address
    if api == other_api:
        yield Finding("network.apiAddress", str(api), f"is network.apiAddress of environment {other.name}", fix)
    for other_path, other_range in ranges(other).items():
        if api in other_range:
            reason = f"is in {other_path} of environment {other.name} ({other_range})"
            yield Finding("network.apiAddress", str(api), reason, fix)
    for path, own_range in ranges(environment).items():
        yield from _range_in_use(path, own_range, other, fix)


def _range_in_use(path: str, own: AddressRange, other: Environment, fix: str) -> Iterator[Finding]:
    others = {"network.apiAddress": other.network.api_address, **outside_addresses(other)}
    for other_path, address in others.items():
        if address in own:
            reason = f"contains {other_path} of environment {other.name} ({address})"
            yield Finding(path, str(own), reason, fix)
    for other_path, other_range in ranges(other).items():
        if own.overlaps(other_range):
            reason = f"overlaps {other_path} of environment {other.name} ({other_range})"
            yield Finding(path, str(own), reason, fix)


def _same_template(
    environment: Environment, release: Release | None, other: Environment, other_release: Release | None
) -> Iterator[Finding]:
    own, others = environment.vcenter, other.vcenter
    if (own.datacenter, own.template) != (others.datacenter, others.template):
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


def neighbour_warnings(environment: Environment, others: Sequence[Neighbour]) -> Iterator[Finding]:
    """Yield what two environments share and perhaps should not."""
    own = environment.vcenter
    for other, _ in others:
        theirs = other.vcenter
        elsewhere = (own.datacenter, own.network) != (theirs.datacenter, theirs.network)
        if own.server == theirs.server and environment.network.cidr == other.network.cidr and elsewhere:
            yield Finding(
                "network.cidr",
                str(environment.network.cidr),
                f"is the network of environment {other.name}, whose port group is {theirs.network}",
                "right if both port groups carry one VLAN, else use another network",
            )
