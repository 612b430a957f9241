"""NVIDIA's GPU operator, played: it marks nodes that have NVIDIA devices and runs its DaemonSets on them.

The labels that node feature discovery sets are its only source, a ClusterPolicy its only reason to do anything. Its
DaemonSets are the policy's and go with it; the nodes' labels stay then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.machines.effects.effect import Effect
from rehearsal.machines.effects.feature_worker import NVIDIA_DEVICE
from rehearsal.machines.effects.gpu_operands import OPERANDS, VERSION_OF_TEMPLATE, daemon_set, is_enabled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rehearsal.machines.api import Api
    from rehearsal.machines.effects.effect import Container

_POLICIES = "/apis/nvidia.com/v1/clusterpolicies"
_PRESENT = "nvidia.com/gpu.present"


class GpuOperator(Effect):
    """Brings nodes and DaemonSets to what the ClusterPolicy says."""

    def look(self, container: Container) -> None:
        """Change what is not as it should be, and say in the policy's status how far it is."""
        api = container.kubernetes
        policies = api.items(_POLICIES)
        if not policies:
            return
        policy = min(policies, key=lambda each: str(each["metadata"]["creationTimestamp"]))
        nodes = api.items("/api/v1/nodes")
        for node in nodes:
            if labels := label_change(node["metadata"], policy):
                api.merge(f"/api/v1/nodes/{node['metadata']['name']}", {"metadata": {"labels": labels}})
        running = _daemon_sets(api, policy, container.namespace)
        state = state_of(running, (node["metadata"].get("labels", {}) for node in nodes))
        if policy.get("status", {}).get("state") != state:
            status = {"state": state, "namespace": container.namespace}
            api.merge(f"{_POLICIES}/{policy['metadata']['name']}/status", {"status": status})


def label_change(node: dict[str, Any], policy: dict[str, Any]) -> dict[str, str | None]:
    """Return the labels of a node that have to change, None for those that go; nothing when all is well."""
    now = node.get("labels", {})
    if now.get(NVIDIA_DEVICE) == "true":
        wanted = {_PRESENT: "true"}
        wanted |= {operand.label: "true" for operand in OPERANDS if is_enabled(policy, operand)}
    else:
        wanted = {_PRESENT: "false"} if _PRESENT in now else {}
    gone = {operand.label for operand in OPERANDS if operand.label in now} - wanted.keys()
    changed: dict[str, str | None] = {name: value for name, value in wanted.items() if now.get(name) != value}
    return changed | dict.fromkeys(sorted(gone))


def state_of(daemon_sets: Iterable[Mapping[str, Any]], labels: Iterable[Mapping[str, str]]) -> str:
    """Return the state that the policy's status tells: ready when nodes with GPUs are known and all their pods run."""
    if not any(each.get(NVIDIA_DEVICE) == "true" for each in labels):
        return "notReady"
    return "ready" if all(map(_runs, daemon_sets)) else "notReady"


def _daemon_sets(api: Api, policy: dict[str, Any], namespace: str) -> list[dict[str, Any]]:
    """Bring the DaemonSets to what the policy says, and return them."""
    path = f"/apis/apps/v1/namespaces/{namespace}/daemonsets"
    there = {found["metadata"]["name"]: found for found in api.items(path)}
    left = []
    for operand in OPERANDS:
        if not operand.daemon_set:
            continue
        found = there.get(operand.daemon_set)
        wanted = daemon_set(operand, policy, namespace)
        if not is_enabled(policy, operand):
            if found:
                api.delete(f"{path}/{operand.daemon_set}")
            continue
        if found is None:
            found = api.create(path, wanted)
        elif _version(found) != _version(wanted):
            wanted["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
            found = api.replace(f"{path}/{operand.daemon_set}", wanted)
        left.append(found)
    return left


def _version(daemon_set: Mapping[str, Any]) -> str:
    return str(daemon_set["metadata"].get("annotations", {}).get(VERSION_OF_TEMPLATE, ""))


def _runs(daemon_set: Mapping[str, Any]) -> bool:
    status = daemon_set.get("status", {})
    seen = status.get("observedGeneration", 0) >= daemon_set.get("metadata", {}).get("generation", 1)
    wanted = status.get("desiredNumberScheduled", 0)
    return bool(seen and wanted and status.get("numberReady", 0) == wanted)
