"""The workloads of a component, as a kind of resource: what needs the component waits until all its pods are ready.

Pulumi would wait for each of them by itself, and takes one of its few turns for that: a Deployment that waits for its
account keeps the account from being made when enough others wait with it. So nobody waits but this, at the end.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from infra.errors import PersonError
from infra.kubernetes_api import KubernetesApi
from infra.vsphere.provider.kinds import Found, Login
from infra.vsphere.provider.kubernetes_kind import WaitingKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.vsphere.provider.values import Properties

PATIENCE = 1800.0  # seconds: a first start draws images, one after the other
_PAUSE = 1.0
_KINDS = ("deployments", "statefulsets", "daemonsets")
_SINGULAR = {"deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet"}


class WorkloadsNotReady(PersonError):
    """Workloads of a component whose pods are not ready in time."""

    def __init__(self, component: str, waiting: Iterable[str], namespaces: Iterable[str]) -> None:
        see = " ".join(f"kubectl -n {name} get pods,events" for name in sorted(namespaces)[:1])
        minutes = f"{PATIENCE / 60:g} minutes"
        super().__init__(
            f"{component}: after {minutes} not ready: {', '.join(waiting)}; see why: {see}, run this again"
        )


class Workloads(WaitingKind):
    """All Deployments, StatefulSets and DaemonSets that carry a label, ready.

    `kubeconfig` is the administrator's (secret), `component` the name of whose they are, `selector` the label
    (`key=value`), `fingerprint` tells what they are made of: another one is waited for again.
    """

    token = "slipway:index:Workloads"  # noqa: S105 - a type
    inputs = ("kubeconfig", "component", "selector", "fingerprint")
    replacing = ("component",)

    def create(self, login: Login, inputs: Properties, owner: str) -> Found:
        """Wait until all are ready. Raises `WorkloadsNotReady`, `ApiUnreachable`, `ApiRefused`."""
        del login, owner
        deadline = time.monotonic() + PATIENCE
        with KubernetesApi(inputs["kubeconfig"]) as api:
            while waiting := {each: said for each, said in _workloads(api, inputs["selector"]).items() if said}:
                if time.monotonic() > deadline:
                    raise WorkloadsNotReady(inputs["component"], waiting.values(), {name for name, _ in waiting})
                time.sleep(_PAUSE)
        return Found(inputs["component"], dict(inputs), inputs)


def not_ready(kind: str, workload: Mapping[str, Any]) -> str:
    """Return what a workload waits for, in words, or nothing when all its pods are ready and as it says."""
    metadata, status = workload["metadata"], workload.get("status", {})
    if kind == "daemonsets":
        wanted = status.get("desiredNumberScheduled", 0)
        ready, updated = status.get("numberReady", 0), status.get("updatedNumberScheduled", 0)
    else:
        wanted = workload["spec"].get("replicas", 1)
        ready, updated = status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    seen = status.get("observedGeneration", 0) >= metadata.get("generation", 1)
    if seen and ready >= wanted and updated >= wanted:
        return ""
    name = f"{_SINGULAR[kind]} {metadata['namespace']}/{metadata['name']}"
    return f"{name} ({min(ready, updated)} of {wanted} ready{_reason(status)})"


def _reason(status: Mapping[str, Any]) -> str:
    """Return what the API says of a workload that can't make its pods."""
    failures = [each for each in status.get("conditions", []) if each["type"] == "ReplicaFailure"]
    return f": {failures[0].get('message', '')}" if failures else ""


def _workloads(api: KubernetesApi, selector: str) -> dict[tuple[str, str], str]:
    """Return what each workload with a label waits for, by namespace and kind with name."""
    found = {}
    for kind in _KINDS:
        for each in (api.get(f"/apis/apps/v1/{kind}?labelSelector={selector}") or {}).get("items", []):
            place = each["metadata"]
            found[place["namespace"], f"{kind}/{place['name']}"] = not_ready(kind, each)
    return found
