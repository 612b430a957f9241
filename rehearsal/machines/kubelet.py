"""The played kubelet of a machine: static pods as plain processes, the real TLS bootstrap, the machine's Node.

Played: containers, probes, images. Real: the manifests' own command lines, the bootstrap token, the certificate request
that the controller-manager signs, the Node that the API server takes under this node's own name.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from rehearsal.machines.api import Api
from rehearsal.machines.bootstrap import request_certificate
from rehearsal.machines.mirror_pods import MirrorPods
from rehearsal.machines.places import KUBERNETES
from rehearsal.machines.static_pods import StaticPods

_HEALTH_PORT = 10248
_PAUSE = 0.5
_STATUS_SECONDS = 10.0
_VERSION = "v1.36.3"  # of the binaries beside it; see tools/tools.yaml


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Say that the kubelet is there."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing: kubeadm asks often."""


def main() -> None:
    """Play the kubelet until the machine ends."""
    server = ThreadingHTTPServer(("127.0.0.1", _HEALTH_PORT), _Healthy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=StaticPods(KUBERNETES / "manifests").run, daemon=True).start()
    while True:
        try:
            _be_a_node()
        except (httpx.HTTPError, OSError, ValueError, KeyError) as error:
            print(f"not a node yet: {type(error).__name__}: {error}", flush=True)
        time.sleep(_PAUSE)


def _be_a_node() -> None:
    """Get a certificate if there is none, register, and report. Raises what the API says."""
    own = KUBERNETES / "kubelet.conf"
    if not own.exists():
        bootstrap = KUBERNETES / "bootstrap-kubelet.conf"
        if not bootstrap.exists():
            return
        request_certificate(bootstrap, own, socket.gethostname())
    api = Api(own)
    name = socket.gethostname()
    node = api.get(f"/api/v1/nodes/{name}")
    if node is None:
        node = api.create("/api/v1/nodes", _node(name)) or api.get(f"/api/v1/nodes/{name}") or {}
        print(f"registered {name}", flush=True)
    mirrors = MirrorPods(api, node, KUBERNETES / "manifests")
    reported = 0.0
    while own.exists():
        if time.monotonic() - reported > _STATUS_SECONDS:
            api.merge(f"/api/v1/nodes/{name}/status", {"status": _status()})
            reported = time.monotonic()
        mirrors.look()
        time.sleep(_PAUSE)


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


def _status() -> dict[str, Any]:
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
            "kubeletVersion": _VERSION,
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": "amd64",
        },
    }


if __name__ == "__main__":
    main()
