"""The worker of node feature discovery, played: it keeps its node's NodeFeature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.machines.effects.effect import Effect
from rehearsal.machines.places import GPU_FEATURES

if TYPE_CHECKING:
    from rehearsal.machines.description import Hardware
    from rehearsal.machines.effects.effect import Container

FEATURES = "nfd.k8s-sigs.io/v1alpha1"
NODE_NAME = "nfd.node.kubernetes.io/node-name"
NVIDIA_DEVICE = "feature.node.kubernetes.io/pci-10de.present"


class FeatureWorker(Effect):
    """Writes what it finds: NVIDIA devices, and what other programs left in its folder."""

    def look(self, container: Container) -> None:
        """Create the NodeFeature, or bring it up to date. It goes with the worker's pods: the API collects it."""
        path = f"/apis/{FEATURES}/namespaces/{container.namespace}/nodefeatures"
        wanted = node_feature(container.pod, found_labels(container.hardware))
        found = container.kubernetes.get(f"{path}/{container.node}")
        if found is None:
            container.kubernetes.create(path, wanted)
        elif found["spec"].get("labels", {}) != wanted["spec"]["labels"] or not _owned(found, wanted):
            version = {"resourceVersion": found["metadata"]["resourceVersion"]}
            replaced = {**wanted, "metadata": {**wanted["metadata"], **version}}
            container.kubernetes.replace(f"{path}/{container.node}", replaced)


def found_labels(hardware: Hardware) -> dict[str, str]:
    """Return the labels of what there is on this machine."""
    labels = {NVIDIA_DEVICE: "true"} if hardware.gpus else {}
    lines = GPU_FEATURES.read_text(encoding="utf-8").splitlines() if GPU_FEATURES.exists() else []
    return labels | {name: value for name, _, value in (line.partition("=") for line in lines) if value}


def node_feature(pod: dict[str, Any], labels: dict[str, str]) -> dict[str, Any]:
    """Return the NodeFeature that a worker's pod writes, owned by it and by its DaemonSet."""
    own = {"apiVersion": "v1", "kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
    keys = ("apiVersion", "kind", "name", "uid")
    above = [{key: owner[key] for key in keys} for owner in pod["metadata"].get("ownerReferences", [])]
    node = pod["spec"]["nodeName"]
    return {
        "apiVersion": FEATURES,
        "kind": "NodeFeature",
        "metadata": {
            "name": node,
            "namespace": pod["metadata"]["namespace"],
            "labels": {NODE_NAME: node},
            "ownerReferences": [*above, own],
        },
        "spec": {"features": {"flags": {}, "attributes": {}, "instances": {}}, "labels": labels},
    }


def _owned(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    mine = {owner["uid"] for owner in wanted["metadata"]["ownerReferences"]}
    return mine <= {owner["uid"] for owner in found["metadata"].get("ownerReferences", [])}
