"""What can only be seen from inside a rehearsal's network; run there, answers as JSON.

`silence KUBECONFIG` asks the API until standard input ends, and answers with the longest time without an answer, in
seconds. `holder API_ADDRESS ADDRESS...` answers with the one of the addresses whose machine has the API's, or nothing.
`ready KUBECONFIG ADDRESS...` answers whether the API servers of all machines are ready, each asked by its own address.
`etcd FOLDER ADDRESS` answers with the names of etcd's members; the folder has the keys of kubeadm.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import sys
import time
from pathlib import Path

import httpx
from pyroute2 import IPRoute

from infra import kubernetes_api
from infra.kubernetes_api import ApiRefused, ApiUnreachable, KubernetesApi

_PAUSE = 0.1
_PATIENCE = 2.0  # seconds for one answer
_ETCD_PATIENCE = 60.0  # seconds until the machine's etcd has to answer
_API_PORT, _ETCD_PORT = 6443, 2379


def silence(kubeconfig: str) -> float:
    text = Path(kubeconfig).read_text(encoding="utf-8")
    kubernetes_api._TIMEOUT = httpx.Timeout(_PATIENCE)
    print("ready", flush=True)
    longest, last = 0.0, time.monotonic()
    while not select.select([sys.stdin], [], [], _PAUSE)[0]:
        if _answers(text):
            now = time.monotonic()
            longest, last = max(longest, now - last), now
    return max(longest, time.monotonic() - last)


def _answers(kubeconfig: str) -> bool:
    """Whether the API answers to a new connection with what it has from etcd."""
    try:
        with KubernetesApi(kubeconfig) as api:
            return api.get("/api/v1/namespaces/default") is not None
    except (ApiUnreachable, ApiRefused):
        return False


def ready(kubeconfig: str, *addresses: str) -> bool:
    kubernetes_api._TIMEOUT = httpx.Timeout(_PATIENCE)
    document = json.loads(Path(kubeconfig).read_text(encoding="utf-8"))
    for address in addresses:
        document["clusters"][0]["cluster"]["server"] = f"https://{address}:{_API_PORT}"
        try:
            with KubernetesApi(json.dumps(document)) as api:
                api.version()
        except (ApiUnreachable, ApiRefused):
            return False
    return True


def holder(api_address: str, *addresses: str) -> str:
    wanted = _hardware(api_address)
    return next((address for address in addresses if wanted and _hardware(address) == wanted), "")


def _hardware(address: str) -> str:
    """Return the hardware address that answers for an address, or nothing when none does."""
    try:
        socket.create_connection((address, _API_PORT), _PATIENCE).close()
    except ConnectionRefusedError:
        pass  # somebody is there
    except OSError:
        return ""
    with IPRoute() as route:
        found = [entry.get_attr("NDA_LLADDR") for entry in route.get_neighbours(dst=address)]
    return next((hardware for hardware in found if hardware), "")


def etcd(folder: str, address: str) -> list[str]:
    keys = Path(folder)
    trust = ssl.create_default_context(cafile=str(keys / "etcd" / "ca.crt"))
    trust.load_cert_chain(keys / "apiserver-etcd-client.crt", keys / "apiserver-etcd-client.key")
    url = f"https://{address}:{_ETCD_PORT}/v3/cluster/member/list"
    deadline = time.monotonic() + _ETCD_PATIENCE
    while True:
        try:
            answer = httpx.post(url, json={}, verify=trust, trust_env=False, timeout=10).raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return sorted(member["name"] for member in answer.json()["members"])


_QUESTIONS = {each.__name__: each for each in (silence, holder, ready, etcd)}

if __name__ == "__main__":
    print(json.dumps(_QUESTIONS[sys.argv[1]](*sys.argv[2:])))
