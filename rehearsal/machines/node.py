"""The Node of a machine: registered by its kubelet, kept alive by a Lease, its status reported when it changes."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from rehearsal.machines.clock import api_time, precise_api_time
from rehearsal.machines.description import own_description
from rehearsal.machines.node_status import Facts, differs, node_status
from rehearsal.machines.places import DEVICE_PLUGIN, NETWORK_CONFIGURATION

if TYPE_CHECKING:
    from rehearsal.machines.api import Api

_PORT = 10250
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_LEASE_SECONDS = 40  # a kubelet's own figures: the lease is renewed in a quarter of its time,
_LOOK_SECONDS = 10.0  # the status looked at as often,
_REPORT_SECONDS = 300.0  # and reported without a change now and then


def node_address() -> str:
    """Return the address of this machine in its environment's network."""
    return str(json.loads(Path("/var/lib/slipway/node.json").read_text(encoding="utf-8"))["address"])


class Node:
    """The Node of this machine. It is registered once, as the real kubelet does it: one that is deleted stays away."""

    def __init__(self, name: str, version: str) -> None:
        self.name = name
        self.machine = own_description()
        self.pod_range = ""
        self._version = version
        self._registered: dict[str, Any] = {}
        self._facts: Facts | None = None
        self._looked, self._reported = 0.0, 0.0
        self._path = f"/api/v1/nodes/{name}"

    def register(self, api: Api) -> dict[str, Any]:
        """Register this machine, if it is not, and return its Node. Raises what the API says."""
        found = api.get(self._path)
        if found is None and self._registered:
            raise ValueError(f"somebody deleted the node {self.name}")
        if found is None:
            found = api.create("/api/v1/nodes", _node(self.name)) or api.get(self._path) or {}
            print(f"registered {self.name}", flush=True)
        if not self._registered:
            threading.Thread(target=_take_connections, daemon=True).start()
        self._registered = found
        self._facts = None
        return found

    def report(self, api: Api) -> None:
        """Renew the lease and report the status when it is time, and at once when something has changed here.

        Raises `httpx.HTTPError`.
        """
        facts = Facts(node_address(), self._version, NETWORK_CONFIGURATION.exists(), DEVICE_PLUGIN.exists())
        now = time.monotonic()
        if facts == self._facts and now - self._looked < _LOOK_SECONDS:
            return
        found = api.get(self._path)
        if found is None:
            raise ValueError(f"somebody deleted the node {self.name}")
        self.pod_range = found["spec"].get("podCIDR", "")
        before = found.get("status", {})
        status = node_status(self.name, self.machine, facts, before, api_time())
        if differs(before, status) or now - self._reported > _REPORT_SECONDS:
            api.merge_lists(f"{self._path}/status", {"status": status})
            self._reported = now
        if now - self._looked >= _LOOK_SECONDS:
            self._renew_lease(api)
            self._looked = now
        self._facts = facts

    def _renew_lease(self, api: Api) -> None:
        renewed = {"spec": {"renewTime": precise_api_time()}}
        try:
            api.merge(f"{_LEASES}/{self.name}", renewed)
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.NOT_FOUND:
                raise
            api.create(_LEASES, _lease(self._registered, renewed["spec"]["renewTime"]))


def _lease(node: dict[str, Any], now: str) -> dict[str, Any]:
    name = node["metadata"]["name"]
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "ownerReferences": [owner]},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": _LEASE_SECONDS, "renewTime": now},
    }


def _take_connections() -> None:
    """Be there for who looks whether this machine is a node; nothing is answered."""
    with socket.create_server(("", _PORT)) as server:
        while True:
            server.accept()[0].close()


def _node(name: str) -> dict[str, Any]:
    """Return the Node as a kubelet with an external cloud provider registers it."""
    file = Path("/var/lib/kubelet/kubeadm-flags.env")
    external = file.exists() and "--cloud-provider=external" in file.read_text(encoding="utf-8")
    taints = [{"key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule"}]
    taints.append({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"})
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {"slipway.example/played": "kubelet"}},
        "spec": {"taints": taints if external else taints[1:]},
    }
