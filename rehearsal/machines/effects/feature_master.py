"""The master of node feature discovery, played: it puts the labels of NodeFeatures on nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.machines.effects.effect import Effect
from rehearsal.machines.effects.feature_worker import FEATURES, NODE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rehearsal.machines.effects.effect import Container

SET_BY_MASTER = "nfd.node.kubernetes.io/feature-labels"  # the annotation that names what it has set
_OWN_LABELS = "feature.node.kubernetes.io/"  # left away in there


class FeatureMaster(Effect):
    """Keeps labels as NodeFeatures say, and takes those away that it set and nobody says any more."""

    def look(self, container: Container) -> None:
        """Change every node whose labels are not what they should be."""
        features = container.kubernetes.items(f"/apis/{FEATURES}/nodefeatures")
        for node in container.kubernetes.items("/api/v1/nodes"):
            if change := label_change(node["metadata"], features):
                container.kubernetes.merge(f"/api/v1/nodes/{node['metadata']['name']}", {"metadata": change})


def label_change(node: dict[str, Any], features: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return what has to change in a node's metadata, nothing when all is well."""
    wanted: dict[str, str] = {}
    for feature in features:
        if feature["metadata"].get("labels", {}).get(NODE_NAME) == node["name"]:
            wanted |= feature["spec"].get("labels", {})
    now = node.get("labels", {})
    noted = node.get("annotations", {}).get(SET_BY_MASTER, "")
    before = {name if "/" in name else f"{_OWN_LABELS}{name}" for name in noted.split(",") if name}
    labels: dict[str, str | None] = {name: value for name, value in wanted.items() if now.get(name) != value}
    labels |= dict.fromkeys(sorted((before - wanted.keys()) & now.keys()))
    note = ",".join(name.removeprefix(_OWN_LABELS) for name in sorted(wanted))
    if not labels and note == noted:
        return {}
    return {"labels": labels, "annotations": {SET_BY_MASTER: note}}
