"""What every tool of the layers platform and toolchain has alike: its namespace's policy, its ways in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from infra.components.component import SYSTEM_NAMESPACE
from infra.components.network_policy import network_policy
from infra.components.plan import LayerPlan
from infra.components.ways_in import ways_in
from infra.model.tools import reachable, tools_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from infra.components.component import Component
    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.model.tools import Tool

    Maker = Callable[[Environment, Release], Component]


def plan_tools(
    environment: Environment, release: Release, layer: str, makers: Mapping[str, Maker], handed: Iterable[str] = ()
) -> LayerPlan:
    """Return a layer's plan: its tools in the order of their table, each with what all have alike.

    `makers` make a tool's component, by its name; `handed` are the sources whose values the layers above get.
    """
    components = [
        completed(environment, tool, makers[name](environment, release))
        for name, tool in tools_of(environment, layer).items()
    ]
    return LayerPlan(tuple(components), tuple(sorted(handed)))


def completed(environment: Environment, tool: Tool, component: Component) -> Component:
    """Return a component with its network policy and its ways in."""
    found = ways_in(environment, tool)
    policies = () if tool.namespace == SYSTEM_NAMESPACE else (network_policy(environment, tool.namespace),)
    return replace(
        component,
        secrets=(*component.secrets, *found.secrets),
        before=(*policies, *component.before),
        after=(*component.after, *found.manifests),
    )


def addresses(environment: Environment, layer: str) -> dict[str, str]:
    """Return the URLs of a layer's tools, by name."""
    gateway = environment.cluster.gateway
    domain = gateway.domain if gateway is not None else ""
    found = [each for tool in tools_of(environment, layer).values() for each in reachable(environment, tool)]
    return {each.name: f"https://{each.host(domain)}" for each in found}
