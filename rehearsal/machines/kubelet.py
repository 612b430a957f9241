"""The played kubelet of a machine: static pods as plain processes, the real TLS bootstrap, the machine's Node.

Played: containers, probes, images. Real: the manifests' own command lines, the bootstrap token, the certificate request
that the controller-manager signs, the Node that the API server takes under this node's own name.
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml.error import YAMLError

from rehearsal.machines.api import Api
from rehearsal.machines.bootstrap import request_certificate
from rehearsal.machines.mirror_pods import MirrorPods
from rehearsal.machines.places import KUBERNETES
from rehearsal.machines.static_pods import StaticPods

_PORT, _HEALTH_PORT = 10250, 10248
_PAUSE = 0.5
_STATUS_SECONDS = 10.0


class _Healthy(BaseHTTPRequestHandler):
    pods: threading.Thread

    def do_GET(self) -> None:
        """Say whether the kubelet looks after its static pods."""
        self.send_response(200 if self.pods.is_alive() else 500)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: kubeadm asks often."""


def main() -> None:
    """Play the kubelet until the machine ends."""
    _Healthy.pods = threading.Thread(target=StaticPods(KUBERNETES / "manifests").run, daemon=True)
    _Healthy.pods.start()
    server = ThreadingHTTPServer(("127.0.0.1", _HEALTH_PORT), _Healthy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    version = subprocess.run(["kubeadm", "version", "-o", "short"], capture_output=True, text=True, check=True)
    node = _Node(socket.gethostname(), version.stdout.strip())
    while True:
        try:
            node.be()
        except (httpx.HTTPError, OSError, ValueError, KeyError, YAMLError) as error:
            print(f"not a node yet: {type(error).__name__}: {error}", flush=True)
        time.sleep(_PAUSE)


class _Node:
    """The Node of this machine. It is registered once, as the real kubelet does it: one that is deleted stays away."""

    def __init__(self, name: str, version: str) -> None:
        self._name = name
        self._version = version
        self._registered = False

    def be(self) -> None:
        """Get a certificate if there is none, register, and report. Raises what the API says."""
        own = KUBERNETES / "kubelet.conf"
        if not own.exists():
            bootstrap = KUBERNETES / "bootstrap-kubelet.conf"
            if not bootstrap.exists():
                return
            request_certificate(bootstrap, own, self._name)
        api = Api(own)
        mirrors = MirrorPods(api, self._register(api), KUBERNETES / "manifests")
        reported = 0.0
        while own.exists():
            if time.monotonic() - reported > _STATUS_SECONDS:
                api.merge(f"/api/v1/nodes/{self._name}/status", {"status": _status(self._version)})
                reported = time.monotonic()
            mirrors.look()
            time.sleep(_PAUSE)

    def _register(self, api: Api) -> dict[str, Any]:
        path = f"/api/v1/nodes/{self._name}"
        found = api.get(path)
        if found is None and self._registered:
            raise ValueError(f"somebody deleted the node {self._name}")
        if found is None:
            found = api.create("/api/v1/nodes", _node(self._name)) or api.get(path) or {}
            print(f"registered {self._name}", flush=True)
        if not self._registered:
            threading.Thread(target=_take_connections, daemon=True).start()
        self._registered = True
        return found


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


def _status(version: str) -> dict[str, Any]:
    """Return what the node says of itself: not ready, since nobody has laid its network yet."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    not_ready = "no network plugin yet"
    address = json.loads(Path("/var/lib/slipway/node.json").read_text(encoding="utf-8"))["address"]
    return {
        "addresses": [
            {"type": "InternalIP", "address": address},
            {"type": "Hostname", "address": socket.gethostname()},
        ],
        "conditions": [
            {
                "type": "Ready",
                "status": "False",
                "reason": "KubeletNotReady",
                "message": not_ready,
                "lastHeartbeatTime": now,
                "lastTransitionTime": now,
            }
        ],
        "nodeInfo": {
            "machineID": "",
            "systemUUID": "",
            "bootID": "",
            "kernelVersion": "played",
            "osImage": "played by a Slipway rehearsal",
            "containerRuntimeVersion": "played://0",
            "kubeletVersion": version,
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": "amd64",
        },
    }


if __name__ == "__main__":
    main()
