"""How many of a tool run, where it can be more than one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.component import Manifest, manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.environment import Environment


def replicas(environment: Environment) -> int:
    """Return how many of a tool run that keeps its state in a database: two where that outlives a node, too."""
    databases = environment.platform.databases
    return 2 if databases is not None and databases.instances > 1 else 1


def disruption_budget(name: str, namespace: str, labels: Mapping[str, str]) -> Manifest:
    """Return what lets one pod at a time be moved away when nodes are emptied."""
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": dict(labels)}}
    return manifest("PodDisruptionBudget", "policy/v1", name, namespace, spec=spec)
