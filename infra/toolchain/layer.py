"""Layer 4, wired: the CI/CD toolchain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.layer import build_tools_layer
from infra.toolchain.plan import plan_toolchain

if TYPE_CHECKING:
    from infra.components.layer import Below
    from infra.model.environment import Environment
    from infra.model.handover import ToolsHandover
    from infra.model.release import Release


def build(environment: Environment, release: Release, below: Below) -> ToolsHandover:
    """Register the toolchain layer's resources; `below` is what the layer below hands over.

    Raises what `build_tools_layer` raises.
    """
    return build_tools_layer(environment, release, "toolchain", plan_toolchain(environment, release), below)
