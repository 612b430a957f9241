"""What the toolchain layer makes of an environment's document: its components in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.tooling import plan_tools
from infra.model.tools import tools_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.components.component import Component
    from infra.components.plan import LayerPlan
    from infra.model.environment import Environment
    from infra.model.release import Release

LAYER = "toolchain"
MAKERS: Mapping[str, Callable[[Environment, Release], Component]] = {}


def plan_toolchain(environment: Environment, release: Release) -> LayerPlan:
    """Return the toolchain layer of an environment."""
    components = [MAKERS[name](environment, release) for name in tools_of(environment, LAYER) if name in MAKERS]
    return plan_tools(environment, LAYER, components, ())
