"""Waits until the machines of a rehearsal are a Kubernetes cluster, and says what its API says; runs inside.

`python -m rehearsal.observe_cluster REHEARSAL ENVIRONMENT` writes the environment's kubeconfig to its place, and prints
one JSON list of nodes.
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

PATIENCE = 300.0  # seconds until every machine has to be a node
_PAUSE = 0.5


@dataclass(frozen=True)
class ObservedNode:
    """One node as the API tells it: `condition` is yes for a node that is ready, else why it is not."""

    environment: str
    name: str
    role: str
    version: str
    condition: str


class NoCluster(Exception):
    """Machines that do not become a cluster, with what is known of them."""


def observe_cluster(layout: Layout, environment: str) -> list[ObservedNode]:
    """Return the nodes of an environment once all its machines have joined. Raises `NoCluster` naming the others."""
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
        if not missing and not said:
            return [_observed(environment, node) for node in found]
        if layout.ended_log.exists():
            raise NoCluster(layout.ended_log.read_text(encoding="utf-8").strip())
        if time.monotonic() > deadline:
            raise NoCluster(f"{environment}: {said or 'not joined yet: ' + ', '.join(missing)}")
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
    return ObservedNode(environment, _name(node), role, version, condition)


def _name(node: dict[str, Any]) -> str:
    return str(node["metadata"]["name"])


def _is_control_plane(node: dict[str, Any]) -> bool:
    """Whether kubeadm has marked a node: the last step of its joining."""
    return "node-role.kubernetes.io/control-plane" in node["metadata"].get("labels", {})


if __name__ == "__main__":
    try:
        print(json.dumps([asdict(node) for node in observe_cluster(Layout(sys.argv[1]), sys.argv[2])]))
    except NoCluster as error:
        sys.exit(str(error))
