"""Queues for GPU work: Kueue, a flavor per GPU kind, a queue per team in one cohort that lends what is not used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.component import GPU_LABEL, TEAM_LABEL, Component, Manifest, chart_values, manifest
from infra.model.gpu_kinds import RESOURCE, gpu_kinds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.teams import Team

NAME = "kueue"
NAMESPACE = "kueue-system"
API = "kueue.x-k8s.io/v1beta2"
LOCAL_QUEUE = "team"  # the LocalQueue of every namespace of a team
_FRAMEWORKS = ["batch/job", "jobset.x-k8s.io/jobset", "trainer.kubeflow.org/trainjob", "pod"]  # if they name a queue
_COHORT = "all-teams"
_PLAIN = "no-gpu"  # the flavor of CPUs and memory
_UNLIMITED_CPUS, _UNLIMITED_MEMORY = "1000000", "1000000Gi"  # for teams whose document says nothing


def queues(environment: Environment) -> Component | None:
    """Return the queues of an environment's cluster, or None when they are switched off."""
    if not environment.cluster.queues:
        return None
    return Component(
        NAME,
        NAMESPACE,
        needs=("cilium", "vsphere-cpi", "teams"),
        chart=True,
        values=chart_values(f"cluster/{NAME}", {"frameworks": _FRAMEWORKS, "team_label": TEAM_LABEL}),
        probe=(f"/apis/{API}/resourceflavors", manifest("ResourceFlavor", API, "probe")),
        after=tuple(_objects(environment)),
    )


def local_queues(environment: Environment) -> tuple[str, ...]:
    """Return the LocalQueues, as `<namespace>/<name>`, sorted."""
    if not environment.cluster.queues:
        return ()
    spaces = [name for team in environment.cluster.teams.values() for name in team.namespaces]
    return tuple(f"{name}/{LOCAL_QUEUE}" for name in sorted(spaces))


def _objects(environment: Environment) -> Iterator[Manifest]:
    kinds = gpu_kinds(environment)
    yield manifest("ResourceFlavor", API, _PLAIN)
    for kind in kinds.values():
        tolerations = [{"key": RESOURCE, "operator": "Exists", "effect": "NoSchedule"}]
        spec = {"nodeLabels": {GPU_LABEL: kind.name}, "tolerations": tolerations}
        yield manifest("ResourceFlavor", API, kind.name, spec=spec)
    yield manifest("Cohort", API, _COHORT)
    for name, team in sorted(environment.cluster.teams.items()):
        yield manifest("ClusterQueue", API, name, spec=_cluster_queue(name, team, list(kinds)))
        for namespace in sorted(team.namespaces):
            yield manifest("LocalQueue", API, LOCAL_QUEUE, namespace, spec={"clusterQueue": name})


def _cluster_queue(name: str, team: Team, kinds: list[str]) -> dict[str, Any]:
    quota = team.quota
    memory = f"{quota.memory_gib}Gi" if quota.memory_gib is not None else None
    plain = [
        _nominal("cpu", None if quota.cpus is None else str(quota.cpus), _UNLIMITED_CPUS),
        _nominal("memory", memory, _UNLIMITED_MEMORY),
    ]
    groups: list[dict[str, Any]] = [
        {"coveredResources": ["cpu", "memory"], "flavors": [{"name": _PLAIN, "resources": plain}]}
    ]
    if kinds:
        flavors = [
            {"name": kind, "resources": [{"name": RESOURCE, "nominalQuota": str(quota.gpus.get(kind, 0))}]}
            for kind in kinds
        ]
        groups.append({"coveredResources": [RESOURCE], "flavors": flavors})
    return {
        "cohortName": _COHORT,
        "namespaceSelector": {"matchLabels": {TEAM_LABEL: name}},
        "resourceGroups": groups,
        "queueingStrategy": "BestEffortFIFO",
        "preemption": {"reclaimWithinCohort": "Any", "withinClusterQueue": "LowerPriority"},
    }


def _nominal(resource: str, quota: str | None, unlimited: str) -> dict[str, str]:
    """Return what a team has of a resource; one whose document says nothing has plenty, and lends none of it."""
    if quota is None:
        return {"name": resource, "nominalQuota": unlimited, "lendingLimit": "0"}
    return {"name": resource, "nominalQuota": quota}
