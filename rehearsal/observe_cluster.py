"""Waits until the machines of a rehearsal are a Kubernetes cluster, and says what its API says; runs inside.

`python -m rehearsal.observe_cluster REHEARSAL ENVIRONMENT [--joined]` writes the environment's kubeconfig to its place,
and prints one JSON list of nodes. With `--joined` they need not be ready, as before the cluster layer is there.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from infra.model.environment import CONTROL_PLANE
from rehearsal.layout import Layout
from rehearsal.machines.api import Api

GPU = "nvidia.com/gpu"
CLOUD_TAINT = "node.cloudprovider.kubernetes.io/uninitialized"
PATIENCE = 300.0  # seconds until every machine has to be a node
_PAUSE = 0.5


@dataclass(frozen=True)
class ObservedNode:
    """One node as the API tells it.

    `condition` is yes for a node that is ready, else why it is not; `gpus` is how many pods can ask for, `taints` are
    those that keep pods away.
    """

    environment: str
    name: str
    role: str
    version: str
    condition: str
    gpus: int
    taints: tuple[str, ...]


class NoCluster(Exception):
    """Machines that do not become a cluster, with what is known of them."""


def observe_cluster(layout: Layout, environment: str, *, ready: bool = True) -> list[ObservedNode]:
    """Return the nodes of an environment once all its machines have joined and, unless told otherwise, are ready.

    Raises `NoCluster` naming the others.
    """
    handover = handover_of(environment)
    wanted = {(node["name"], node["pool"] == CONTROL_PLANE) for node in handover["nodes"]}
    kubeconfig = layout.kubeconfig(environment)
    kubeconfig.touch(0o600)
    kubeconfig.write_text(handover["kubeconfig"], encoding="utf-8")
    api = Api(kubeconfig)
    deadline = time.monotonic() + PATIENCE
    while True:
        said, found = _nodes(api)
        missing = sorted(name for name, _ in wanted - {(_name(node), _is_control_plane(node)) for node in found})
        observed = [_observed(environment, node) for node in found]
        unready = [f"{node.name} ({node.condition})" for node in observed if ready and not _is_usable(node)]
        if not missing and not said and not unready:
            return observed
        if layout.ended_log.exists():
            raise NoCluster(layout.ended_log.read_text(encoding="utf-8").strip())
        if time.monotonic() > deadline:
            late = f"not joined yet: {', '.join(missing)}" if missing else f"not ready yet: {', '.join(unready)}"
            raise NoCluster(f"{environment}: {said or late}")
        time.sleep(_PAUSE)


def handover_of(environment: str) -> dict[str, Any]:
    """Return what the compute layer of an environment hands over, secrets readable."""
    command = ["pulumi", "stack", "output", "handover", "--json", "--show-secrets", "-s", f"{environment}.compute"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _nodes(api: Api) -> tuple[str, list[dict[str, Any]]]:
    """Return why the API does not answer, or nothing and its nodes."""
    try:
        found = api.get("/api/v1/nodes") or {}
    except httpx.HTTPError as error:
        return f"the API does not answer at {api.server} ({error})", []
    return "", list(found["items"])


def _observed(environment: str, node: dict[str, Any]) -> ObservedNode:
    status = node.get("status", {})
    ready = next((each for each in status.get("conditions", []) if each["type"] == "Ready"), None)
    condition = "unknown" if ready is None else "yes" if ready["status"] == "True" else f"no: {ready['message']}"
    role = "control plane" if _is_control_plane(node) else "worker"
    version = status.get("nodeInfo", {}).get("kubeletVersion", "")
    gpus = int(status.get("allocatable", {}).get(GPU, "0"))
    taints = tuple(sorted(taint["key"] for taint in node["spec"].get("taints", [])))
    return ObservedNode(environment, _name(node), role, version, condition, gpus, taints)


def _is_usable(node: ObservedNode) -> bool:
    """Whether pods may run on a node: it is ready, and its cloud provider has seen its machine."""
    return node.condition == "yes" and CLOUD_TAINT not in node.taints


def _name(node: dict[str, Any]) -> str:
    return str(node["metadata"]["name"])


def _is_control_plane(node: dict[str, Any]) -> bool:
    """Whether kubeadm has marked a node: the last step of its joining."""
    return "node-role.kubernetes.io/control-plane" in node["metadata"].get("labels", {})


if __name__ == "__main__":
    try:
        nodes = observe_cluster(Layout(sys.argv[1]), sys.argv[2], ready="--joined" not in sys.argv)
        print(json.dumps([asdict(node) for node in nodes]))
    except NoCluster as error:
        sys.exit(str(error))
