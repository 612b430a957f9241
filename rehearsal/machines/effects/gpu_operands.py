"""What the GPU operator runs on nodes with GPUs, pure: names, labels and the DaemonSets themselves."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from rehearsal.machines.effects.device_plugin import WAITS_FOR_DRIVER

VERSION_OF_TEMPLATE = "nvidia.com/last-applied-hash"


@dataclass(frozen=True)
class Operand:
    """A part of the operator: its key in a ClusterPolicy, its label's name, its DaemonSet ("" for one not played)."""

    key: str
    name: str
    daemon_set: str = ""

    @property
    def label(self) -> str:
        """The label of the nodes that it runs on."""
        return f"nvidia.com/gpu.deploy.{self.name}"


DRIVER = Operand("driver", "driver", "nvidia-driver-daemonset")
OPERANDS = (
    DRIVER,
    Operand("toolkit", "container-toolkit"),
    Operand("devicePlugin", "device-plugin", "nvidia-device-plugin-daemonset"),
    Operand("gfd", "gpu-feature-discovery", "gpu-feature-discovery"),
    Operand("dcgmExporter", "dcgm-exporter", "nvidia-dcgm-exporter"),
    Operand("validator", "operator-validator"),
)


def is_enabled(policy: dict[str, Any], operand: Operand) -> bool:
    """Whether a ClusterPolicy wants an operand; one that says nothing does."""
    return bool(policy["spec"].get(operand.key, {}).get("enabled", True))


def daemon_set(operand: Operand, policy: dict[str, Any], namespace: str) -> dict[str, Any]:
    """Return an operand's DaemonSet, owned by the policy."""
    owner = {"apiVersion": "nvidia.com/v1", "kind": "ClusterPolicy", "controller": True}
    owner |= {key: policy["metadata"][key] for key in ("name", "uid")}
    labels = {"app": operand.daemon_set}
    spec = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": _pod(operand, policy)},
    }
    version = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": operand.daemon_set,
            "namespace": namespace,
            "labels": labels,
            "annotations": {VERSION_OF_TEMPLATE: version},
            "ownerReferences": [owner],
        },
        "spec": spec,
    }


def _pod(operand: Operand, policy: dict[str, Any]) -> dict[str, Any]:
    tolerations = [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    tolerations += policy["spec"].get("daemonsets", {}).get("tolerations", [])
    pod = {
        "nodeSelector": {operand.label: "true"},
        "tolerations": tolerations,
        "automountServiceAccountToken": False,  # they speak with the machine, not with the API
        "containers": [{"name": operand.name, "image": _image(operand, policy)}],
    }
    if operand.key == "devicePlugin" and is_enabled(policy, DRIVER):
        pod["initContainers"] = [{"name": WAITS_FOR_DRIVER, "image": _image(operand, policy)}]
    return pod


def _image(operand: Operand, policy: dict[str, Any]) -> str:
    """Return the image that the policy names; the real operator has one of its own for what it does not name."""
    said = policy["spec"].get(operand.key, {})
    name = "/".join(said[key] for key in ("repository", "image") if said.get(key))
    return f"{name or operand.name}:{said.get('version') or 'played'}"
