"""Layer 3, wired: what tools stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.layer import build_tools_layer
from infra.platform.plan import plan_platform

if TYPE_CHECKING:
    from infra.components.layer import Below
    from infra.model.environment import Environment
    from infra.model.handover import ToolsHandover
    from infra.model.release import Release


def build(environment: Environment, release: Release, below: Below) -> ToolsHandover:
    """Register the platform layer's resources; `below` is what the layer below hands over.

    Raises what `build_tools_layer` raises.
    """
    return build_tools_layer(environment, release, "platform", plan_platform(environment, release), below)
