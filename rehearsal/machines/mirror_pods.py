"""Mirror pods: what a kubelet shows in the API of its machine's static pods. kubeadm finds etcd's members by them."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

if TYPE_CHECKING:
    from pathlib import Path

    from rehearsal.machines.api import Api

_PODS = "/api/v1/namespaces/kube-system/pods"


class MirrorPods:
    """Keeps the mirror pods of a folder's manifests in the API."""

    def __init__(self, api: Api, node: dict[str, Any], manifests: Path) -> None:
        self._api = api
        self._node = node["metadata"]
        self._manifests = manifests
        self._shown: dict[str, str] = {}

    def look(self) -> None:
        """Show what is new or changed, and hide what went. Raises `httpx.HTTPError`."""
        wanted = {file.stem: file.read_text(encoding="utf-8") for file in sorted(self._manifests.glob("*.yaml"))}
        for name in [name for name in self._shown if wanted.get(name) != self._shown[name]]:
            self._api.delete(f"{_PODS}/{name}-{self._node['name']}")
            del self._shown[name]
        for name in wanted.keys() - self._shown:  # only these are parsed: it is what takes time
            manifest = YAML(typ="safe", pure=True).load(wanted[name])
            if manifest:
                self._show(manifest, wanted[name])
                self._shown[name] = wanted[name]

    def _show(self, manifest: dict[str, Any], text: str) -> None:
        name = f"{manifest['metadata']['name']}-{self._node['name']}"
        fingerprint = hashlib.sha256(text.encode()).hexdigest()[:32]
        annotations = {
            **manifest["metadata"].get("annotations", {}),
            "kubernetes.io/config.hash": fingerprint,
            "kubernetes.io/config.mirror": fingerprint,
            "kubernetes.io/config.source": "file",
        }
        owner = {"apiVersion": "v1", "kind": "Node", "name": self._node["name"], "uid": self._node["uid"]}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                **manifest["metadata"],
                "name": name,
                "namespace": "kube-system",
                "annotations": annotations,
                "ownerReferences": [{**owner, "controller": True}],
            },
            "spec": {
                **json.loads(json.dumps(manifest["spec"])),
                "nodeName": self._node["name"],
                "tolerations": [{"operator": "Exists", "effect": "NoExecute"}],
            },
        }
        self._api.create(_PODS, pod)
        self._api.merge(f"{_PODS}/{name}/status", {"status": _running(manifest)})


def _running(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the status of a pod whose containers run: played, the processes are not asked."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    container = manifest["spec"]["containers"][0]
    return {
        "phase": "Running",
        "startTime": now,
        "conditions": [
            {"type": kind, "status": "True", "lastTransitionTime": now}
            for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
        ],
        "containerStatuses": [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": "",
                "ready": True,
                "started": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": now}},
            }
        ],
    }
