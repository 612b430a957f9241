"""The plans of all layers that stand in the cluster, by the layer's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.cluster.plan import plan_cluster
from infra.model.handover import LAYERS
from infra.model.tools import tools_of
from infra.platform.plan import plan_platform
from infra.toolchain.plan import plan_toolchain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.components.component import Component
    from infra.components.plan import LayerPlan
    from infra.model.environment import Environment
    from infra.model.handover import Layer
    from infra.model.release import Release

_ALWAYS = ("compute", "cluster")
_PLANNERS: Mapping[Layer, Callable[[Environment, Release], LayerPlan]] = {
    "cluster": plan_cluster,
    "platform": plan_platform,
    "toolchain": plan_toolchain,
}


def layer_plans(environment: Environment, release: Release) -> dict[Layer, LayerPlan]:
    """Return the plans of an environment's layers in the cluster, bottom to top."""
    return {layer: _PLANNERS[layer](environment, release) for layer in LAYERS if layer in _PLANNERS}


def all_components(environment: Environment, release: Release) -> tuple[Component, ...]:
    """Return the components of all layers of an environment, bottom to top."""
    return tuple(each for plan in layer_plans(environment, release).values() for each in plan.components)


def asked_layers(environment: Environment) -> tuple[Layer, ...]:
    """Return the layers that a document asks anything of, and those that these stand on, bottom to top.

    Machines and what makes a cluster of them are always asked for.
    """
    highest = max(LAYERS.index(layer) for layer in LAYERS if layer in _ALWAYS or tools_of(environment, layer))
    return LAYERS[: highest + 1]
