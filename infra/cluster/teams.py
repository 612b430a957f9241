"""Teams: namespaces with a Pod Security level, quotas, and rights of groups in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.cluster.access import binding
from infra.cluster.cloud_provider import NAME as CLOUD_PROVIDER
from infra.cluster.gpu_operator import NAME as GPU_OPERATOR
from infra.cluster.gpu_operator import wanted as gpus_wanted
from infra.cluster.network import NAME as CILIUM
from infra.cluster.storage import NAME as VOLUMES
from infra.components.component import SYSTEM_NAMESPACE, TEAM_LABEL, Component, Manifest, manifest, namespace_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.teams import Quota

NAME = "teams"
# Where there is a quota a pod has to say what it asks for; this is said for one that doesn't.
_DEFAULTS = {"type": "Container", "defaultRequest": {"cpu": "100m", "memory": "256Mi"}}


def teams(environment: Environment) -> Component:
    """Return what the teams of an environment have in its cluster."""
    return Component(NAME, SYSTEM_NAMESPACE, needs=tuple(_needs(environment)), after=tuple(_objects(environment)))


def _needs(environment: Environment) -> Iterator[str]:
    """Yield what teams' pods work with: it comes before their namespaces, and goes after them."""
    yield from (CILIUM, CLOUD_PROVIDER)
    if environment.cluster.storage is not None:
        yield VOLUMES
    if gpus_wanted(environment):
        yield GPU_OPERATOR


def _objects(environment: Environment) -> Iterator[Manifest]:
    for name, team in sorted(environment.cluster.teams.items()):
        for namespace, asked in sorted(team.namespaces.items()):
            yield namespace_manifest(namespace, pod_security=asked.pod_security, labels={TEAM_LABEL: name})
            hard = _hard(team.quota)
            if hard:
                yield manifest("ResourceQuota", "v1", "team", namespace, spec={"hard": hard})
                yield manifest("LimitRange", "v1", "team", namespace, spec={"limits": [_DEFAULTS]})
            for role, groups in (("edit", team.members), ("view", team.viewers)):
                if groups:
                    yield binding(environment, f"team-{role}", role, groups, namespace)


def _hard(quota: Quota) -> dict[str, str]:
    """Return the limits of one namespace of a team: none of them alone may use more than the whole team.

    GPUs are not limited here: a team may borrow what others leave, and its queue knows how much that is.
    """
    found: dict[str, str] = {}
    if quota.cpus is not None:
        found["requests.cpu"] = str(quota.cpus)
    if quota.memory_gib is not None:
        found["requests.memory"] = f"{quota.memory_gib}Gi"
    if quota.storage_gib is not None:
        found["requests.storage"] = f"{quota.storage_gib}Gi"
    return found
