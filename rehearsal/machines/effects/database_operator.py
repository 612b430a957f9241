"""CloudNativePG's operator, played: every Cluster gets the pods of its instances, and its status says how many run.

The pods hold no database: what waits for one is played, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.machines.effects.effect import Effect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rehearsal.machines.effects.effect import Container

_GROUP = "postgresql.cnpg.io/v1"
_CLUSTER = "cnpg.io/cluster"
_HEALTHY = "Cluster in healthy state"  # CloudNativePG, api/v1: PhaseHealthy
_SETTING_UP = "Setting up primary"


class DatabaseOperator(Effect):
    """Brings the pods of database clusters to what their Clusters ask for."""

    def look(self, container: Container) -> None:
        """Make pods that are missing, remove those too many, and tell what runs."""
        api = container.kubernetes
        for cluster in api.items(f"/apis/{_GROUP}/clusters"):
            namespace, name = cluster["metadata"]["namespace"], cluster["metadata"]["name"]
            path = f"/api/v1/namespaces/{namespace}/pods"
            own = [pod for pod in api.items(path) if pod["metadata"].get("labels", {}).get(_CLUSTER) == name]
            missing, extra = difference(cluster, own)
            own += [api.create(path, instance_pod(cluster, instance)) for instance in missing]
            for instance in extra:
                api.delete(f"{path}/{instance}")
            told = status_of(cluster, own)
            if any(cluster.get("status", {}).get(key) != value for key, value in told.items()):
                api.merge(f"/apis/{_GROUP}/namespaces/{namespace}/clusters/{name}/status", {"status": told})


def difference(cluster: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """Return the names of instances that a Cluster lacks, and of those that it has too many."""
    wanted = [f"{cluster['metadata']['name']}-{number}" for number in range(1, cluster["spec"]["instances"] + 1)]
    there = [str(pod["metadata"]["name"]) for pod in pods]
    return [name for name in wanted if name not in there], [name for name in there if name not in wanted]


def instance_pod(cluster: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the pod of an instance: the Cluster's, so that it goes with it."""
    metadata = cluster["metadata"]
    owner = {
        "apiVersion": _GROUP,
        "kind": "Cluster",
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }
    labels = {_CLUSTER: metadata["name"], "cnpg.io/podRole": "instance"}
    image = cluster["spec"].get("imageName", "postgresql")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": metadata["namespace"], "labels": labels, "ownerReferences": [owner]},
        "spec": {"containers": [{"name": "postgres", "image": image}]},
    }


def status_of(cluster: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a Cluster's status says of its instances."""
    conditions = [{c["type"]: c["status"] for c in pod.get("status", {}).get("conditions", [])} for pod in pods]
    ready, wanted = sum(each.get("Ready") == "True" for each in conditions), cluster["spec"]["instances"]
    phase = _HEALTHY if ready == wanted else _SETTING_UP
    return {"instances": len(conditions), "readyInstances": ready, "phase": phase}
