"""What a kubelet says of its pods, pure: the status of a pod that waits, runs or has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_MIRROR = "kubernetes.io/config.mirror"


@dataclass(frozen=True)
class Running:
    """A pod that was started: when (as the API writes times), its address, its node's, how often it ran before."""

    started: str
    address: str
    host: str
    restarts: int = 0


def is_mirror(pod: dict[str, Any]) -> bool:
    """Whether a pod only shows a static one."""
    return _MIRROR in pod["metadata"].get("annotations", {})


def has_ended(pod: dict[str, Any]) -> bool:
    """Whether a pod has come to its end and is kept to be looked at."""
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def runs_once(pod: dict[str, Any]) -> bool:
    """Whether a pod is a Job's, and so comes to an end by itself."""
    kinds = {owner["kind"] for owner in pod["metadata"].get("ownerReferences", [])}
    return "Job" in kinds and pod["spec"].get("restartPolicy") in ("Never", "OnFailure")


def waiting(pod: dict[str, Any], why: str, host: str, now: str) -> dict[str, Any]:
    """Return the status of a pod that can't start yet."""
    state = {"waiting": {"reason": "ContainerCreating", "message": why}}
    containers = [_container(each, state, ready=False) for each in pod["spec"]["containers"]]
    false = dict.fromkeys(("PodReadyToStartContainers", "ContainersReady", "Ready"), "False")
    return {
        "phase": "Pending",
        "hostIP": host,
        "hostIPs": [{"ip": host}],
        "conditions": _conditions(pod, now, {**false, "Initialized": "True"}),
        "containerStatuses": containers,
    }


def running(pod: dict[str, Any], facts: Running) -> dict[str, Any]:
    """Return the status of a pod whose containers run and are well; played, nobody asks them."""
    state = {"running": {"startedAt": facts.started}}
    containers = [_container(each, state, ready=True, restarts=facts.restarts) for each in pod["spec"]["containers"]]
    ready = "True" if _gates_are_open(pod) else "False"
    true = dict.fromkeys(("PodReadyToStartContainers", "Initialized", "ContainersReady"), "True")
    return {
        "phase": "Running",
        "startTime": pod.get("status", {}).get("startTime") or facts.started,
        "hostIP": facts.host,
        "hostIPs": [{"ip": facts.host}],
        "podIP": facts.address,
        "podIPs": [{"ip": facts.address}],
        "conditions": _conditions(pod, facts.started, {**true, "Ready": ready}),
        "containerStatuses": containers,
        "initContainerStatuses": [_init_container(each, facts) for each in pod["spec"].get("initContainers", [])],
    }


def ended(pod: dict[str, Any], facts: Running | None, now: str) -> dict[str, Any]:
    """Return the status of a pod whose containers have ended well; `facts` are None for one that never ran."""
    done: dict[str, Any] = {"exitCode": 0, "reason": "Completed", "finishedAt": now}
    done |= {"startedAt": facts.started} if facts else {}
    false = dict.fromkeys(("PodReadyToStartContainers", "ContainersReady", "Ready"), "False")
    return {
        "phase": "Succeeded",
        "conditions": _conditions(pod, now, {**false, "Initialized": "True"}, reason="PodCompleted"),
        "containerStatuses": [
            _container(each, {"terminated": done}, ready=False) for each in pod["spec"]["containers"]
        ],
    }


def differs(pod: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether the API tells something else of a pod than what is wanted, times and words aside."""
    before = pod.get("status", {})
    return _gist(before) != _gist({"podIP": before.get("podIP"), **wanted})


def _gist(status: dict[str, Any]) -> tuple[object, ...]:
    conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
    containers = [
        (each["name"], each["ready"], each.get("restartCount"), each["state"].get("waiting", {}).get("message"))
        for each in status.get("containerStatuses", [])
    ]
    return status.get("phase"), status.get("podIP"), conditions.get("Ready"), containers


def _conditions(pod: dict[str, Any], now: str, wanted: dict[str, str], *, reason: str = "") -> list[dict[str, Any]]:
    """Return a kubelet's own conditions; those that change nothing keep their time."""
    before = {each["type"]: each for each in pod.get("status", {}).get("conditions", [])}
    conditions = []
    for kind, status in sorted(wanted.items()):
        same = before.get(kind, {}).get("status") == status
        since = before[kind].get("lastTransitionTime", now) if same else now
        condition = {"type": kind, "status": status, "lastTransitionTime": since}
        conditions.append(condition | ({"reason": reason} if reason else {}))
    return conditions


def _gates_are_open(pod: dict[str, Any]) -> bool:
    """Whether what others have to say for a pod's readiness has been said: a kubelet does not say it for them."""
    said = {each["type"]: each["status"] for each in pod.get("status", {}).get("conditions", [])}
    return all(said.get(gate["conditionType"]) == "True" for gate in pod["spec"].get("readinessGates", []))


def _container(container: dict[str, Any], state: dict[str, Any], *, ready: bool, restarts: int = 0) -> dict[str, Any]:
    return {
        "name": container["name"],
        "image": container.get("image", ""),
        "imageID": "",
        "ready": ready,
        "started": ready,
        "restartCount": restarts,
        "state": state,
    }


def _init_container(container: dict[str, Any], facts: Running) -> dict[str, Any]:
    """Return the status of an init container: done, or running beside the others where it is meant to."""
    if container.get("restartPolicy") == "Always":
        return _container(container, {"running": {"startedAt": facts.started}}, ready=True, restarts=facts.restarts)
    done = {"exitCode": 0, "reason": "Completed", "startedAt": facts.started, "finishedAt": facts.started}
    return {**_container(container, {"terminated": done}, ready=True), "started": False}
