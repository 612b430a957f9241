"""The played kubelet of a machine: static pods as plain processes, the real TLS bootstrap, the Node and its pods.

Played: containers, probes, images. Real: the manifests' own command lines, the bootstrap token, the certificate request
that the controller-manager signs, the Node that the API server takes under this node's own name, the rights of a node,
and the pods that the scheduler sends here.
"""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
from ruamel.yaml.error import YAMLError

from rehearsal.machines.api import Api
from rehearsal.machines.bootstrap import request_certificate
from rehearsal.machines.mirror_pods import MirrorPods
from rehearsal.machines.node import Node, node_address
from rehearsal.machines.places import DEVICE_PLUGIN, GPU_DRIVER, KUBERNETES, NETWORK_AGENT, remove
from rehearsal.machines.pod_watch import PodWatch
from rehearsal.machines.pods import Pods
from rehearsal.machines.static_pods import StaticPods

_HEALTH_PORT = 10248
_PAUSE = 0.5
_OWN = KUBERNETES / "kubelet.conf"
_NOT_NOW = (httpx.HTTPError, OSError, ValueError, KeyError, YAMLError)  # what is seen while a cluster comes to be


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
    for left in (NETWORK_AGENT, GPU_DRIVER, DEVICE_PLUGIN):
        remove(left)  # what plays containers ended with the kubelet before this one
    _Healthy.pods = threading.Thread(target=StaticPods(KUBERNETES / "manifests").run, daemon=True)
    _Healthy.pods.start()
    server = ThreadingHTTPServer(("127.0.0.1", _HEALTH_PORT), _Healthy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    version = subprocess.run(["kubeadm", "version", "-o", "short"], capture_output=True, text=True, check=True)
    node = Node(socket.gethostname(), version.stdout.strip())
    while True:
        try:
            _be(node)
        except _NOT_NOW as error:
            print(f"not a node yet: {type(error).__name__}: {error}", flush=True)
        time.sleep(_PAUSE)


def _be(node: Node) -> None:
    """Get a certificate if there is none, register, and look after the node as long as there is a certificate.

    Raises what the API says before the node is registered.
    """
    if not _OWN.exists():
        bootstrap = KUBERNETES / "bootstrap-kubelet.conf"
        if not bootstrap.exists():
            return
        request_certificate(bootstrap, _OWN, node.name)
    api = Api(_OWN)
    registered = node.register(api)
    watch = PodWatch(api, node.name)
    pods = Pods(api, node_address(), node.machine.hardware)
    mirrors, said = MirrorPods(api, registered, KUBERNETES / "manifests"), ""
    while _OWN.exists():
        try:
            node.report(api)
            mirrors.look()
            pods.look(watch.pods(), node.pod_range)
            said = ""
        except _NOT_NOW as error:
            mirrors = MirrorPods(api, registered, KUBERNETES / "manifests")  # what is shown has to be looked at anew
            said = _say_once(f"{type(error).__name__}: {error}", said)
        time.sleep(_PAUSE)
    watch.stop()
    pods.stop_all()


def _say_once(words: str, said: str) -> str:
    if words != said:
        print(words, flush=True)
    return words


if __name__ == "__main__":
    main()
