"""Figures of nodes and pods for `kubectl top` and autoscaling: metrics-server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.component import SYSTEM_NAMESPACE, Component, chart_values

if TYPE_CHECKING:
    from infra.model.environment import Environment

NAME = "metrics-server"


def metrics(environment: Environment) -> Component | None:
    """Return the figures of an environment's cluster, or None when they are switched off."""
    if not environment.cluster.metrics:
        return None
    replicas = 2 if environment.untainted_workers() > 1 else 1
    values = chart_values(f"cluster/{NAME}", {"replicas": replicas})
    return Component(NAME, SYSTEM_NAMESPACE, needs=("cilium", "vsphere-cpi"), chart=True, values=values)
