"""What the platform layer makes of an environment's document: its components in order, and what it hands over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.sources import BELOW
from infra.components.stores import handed_to_tools
from infra.components.tooling import plan_tools
from infra.model.tools import reachable, tools_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.components.component import Component
    from infra.components.plan import LayerPlan
    from infra.model.environment import Environment
    from infra.model.release import Release

LAYER = "platform"
MAKERS: Mapping[str, Callable[[Environment, Release], Component]] = {}


def plan_platform(environment: Environment, release: Release) -> LayerPlan:
    """Return the platform layer of an environment."""
    components = [MAKERS[name](environment, release) for name in tools_of(environment, LAYER) if name in MAKERS]
    return plan_tools(environment, LAYER, components, _handed(environment))


def _handed(environment: Environment) -> list[str]:
    """Return what tools above log in with: databases, buckets, and their passwords at the issuer of people's tokens."""
    above = tools_of(environment, "toolchain").values()
    sign_in = environment.cluster.sign_in is not None
    clients = [each.client for tool in above for each in reachable(environment, tool) if sign_in and each.callbacks]
    return [*handed_to_tools(tools_of(environment)), *(f"{BELOW}:{name}" for name in clients)]
