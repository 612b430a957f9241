#!/usr/bin/python3
"""Makes this machine a node of its Kubernetes cluster, and tells vCenter when it is one. Can always be run again.

The address of the API is asked first. If the cluster answers there, this machine joins it. If nothing answers, neither
there nor at another control-plane node, and this is the first control-plane node, it initialises the cluster. So a
first node that was made anew joins the cluster that it once began, as long as anything of that answers.
"""

from __future__ import annotations

import base64
import errno
import io
import json
import shutil
import socket
import ssl
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BOOT = Path("/var/lib/slipway")  # what first boot wrote; `joined` in it ends all this
KUBERNETES = Path("/etc/kubernetes")
ETCD_DATA = Path("/var/lib/etcd")
IDENTITY = "guestinfo.slipway.identity"
FORGOTTEN = "-"
STATE = "guestinfo.slipway.node"  # what operators can read of it in vCenter
API_PORT, ETCD_PORT, KUBELET_PORT = 6443, 2379, 10250
ANSWER_SECONDS = 5.0
PATIENCE_SECONDS = 30.0  # before a first node among several takes silence for "there is no cluster yet"
# Checks of kubeadm that an earlier try of the same step, or kube-vip's manifest, would fail.
LEFT_BY_AN_EARLIER_TRY = [
    "DirAvailable--var-lib-etcd",
    "DirAvailable--etc-kubernetes-manifests",
    *(f"FileAvailable--etc-kubernetes-manifests-{name}.yaml" for name in ("etcd", "kube-apiserver")),
    *(f"FileAvailable--etc-kubernetes-manifests-kube-{name}.yaml" for name in ("controller-manager", "scheduler")),
    *(f"FileAvailable--etc-kubernetes-{name}.conf" for name in ("kubelet", "bootstrap-kubelet")),
    "FileAvailable--etc-kubernetes-pki-ca.crt",
    *(f"Port-{port}" for port in (6443, 10250, 10257, 10259, 2379, 2380)),
]
IGNORED = [f"--ignore-preflight-errors={','.join(LEFT_BY_AN_EARLIER_TRY)}"]


class NotYet(Exception):
    """It can't be done now: the service runs this program again."""


@dataclass(frozen=True)
class Node:
    """A machine: `address` and `api_address` are IPv4, `peers` the other control-plane nodes, address by name.

    `witnesses` are workers of a cluster with several control-plane nodes, `gateway` the way out.
    """

    name: str
    address: str
    api_address: str
    control_plane: bool
    first: bool
    peers: dict[str, str]
    witnesses: dict[str, str]
    gateway: str


def main() -> None:
    """Join or initialise at the first boot, then tell that the node is well; exit 1 with one line to be tried again."""
    node = Node(**json.loads((BOOT / "node.json").read_text(encoding="utf-8")))
    try:
        if not (BOOT / "joined").exists():
            become_a_node(node)
            (BOOT / "joined").touch()
        forget_identity()
        check_healthy(node)
    except (NotYet, OSError, tarfile.TarError, ValueError) as reason:
        tell(f"waiting: {reason}")
        sys.exit(f"{node.name}: {reason}; tried again in a moment")
    tell(f"joined {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}")


def check_healthy(node: Node) -> None:
    """Raise `NotYet` unless this node's kubelet is well, and its API server where it has one."""
    checks = [("the kubelet", "http://127.0.0.1:10248/healthz")]
    if node.control_plane:
        checks.append(("the API server", f"https://{node.address}:{API_PORT}/readyz"))
    trust = ssl.create_default_context(cafile=str(BOOT / "ca.crt"))
    for name, url in checks:
        try:
            urllib.request.urlopen(url, timeout=ANSWER_SECONDS, context=trust).close()  # noqa: S310 - both stand above
        except OSError as error:
            raise NotYet(f"{name} of this node is not well ({error})") from None


def become_a_node(node: Node) -> None:
    """Join the cluster or begin it. Raises `NotYet`."""
    take_identity()
    if (BOOT / "initialising").exists():
        initialise(node)  # an earlier try began it: what answers now may be this machine itself
    elif cluster_answers(node.api_address):
        join(node)
    elif node.first and silent(node):
        (BOOT / "initialising").touch()
        initialise(node)
    else:
        raise NotYet(f"no cluster answers at {node.api_address}:{API_PORT}")


def silent(node: Node) -> bool:
    """Whether nothing answers at the API's address nor at another control-plane node, for a while.

    Raises `NotYet` when there are signs of a cluster all the same: it would otherwise be begun a second time.
    """
    if (BOOT / "begin").exists():
        return True  # somebody who knows that the cluster is lost has said so
    if not is_reachable(node.gateway):
        raise NotYet(f"the gateway {node.gateway} can't be reached: this machine's network is broken")
    for name, address in sorted(node.witnesses.items()):
        if something_listens(address, KUBELET_PORT):
            fix = "start the control plane; if it is lost for good: touch /var/lib/slipway/begin"
            raise NotYet(f"{name} is a node of a cluster already; {fix}")
    end = time.monotonic() + (PATIENCE_SECONDS if node.peers else 0)
    while True:
        for name, address in sorted(node.peers.items()):
            if something_listens(address):
                raise NotYet(f"control-plane node {name} has a cluster; it does not answer at {node.api_address} yet")
        if cluster_answers(node.api_address):
            raise NotYet("the cluster has begun to answer")
        if time.monotonic() > end:
            return True
        time.sleep(ANSWER_SECONDS)


def something_listens(address: str, port: int = API_PORT) -> bool:
    """Whether a machine takes connections where an API, or something else, would."""
    try:
        socket.create_connection((address, port), ANSWER_SECONDS).close()
    except OSError:
        return False
    return True


def is_reachable(address: str) -> bool:
    """Whether a machine is on this network: what it does not answer, or refuses, was sent to it all the same."""
    try:
        socket.create_connection((address, API_PORT), ANSWER_SECONDS).close()
    except OSError as error:
        return error.errno not in (errno.EHOSTUNREACH, errno.ENETUNREACH)
    return True


def cluster_answers(address: str) -> bool:
    """Whether this cluster's API answers at an address. Raises `NotYet` when it is another's, or clocks are wrong."""
    trust = ssl.create_default_context(cafile=str(BOOT / "ca.crt"))
    try:
        urllib.request.urlopen(f"https://{address}:{API_PORT}/readyz", timeout=ANSWER_SECONDS, context=trust).close()
    except urllib.error.HTTPError:
        return True  # it says no, or that it is not ready: it is there
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise NotYet(explained(address, error.reason)) from None
        return False
    except OSError:
        return False
    return True


def explained(address: str, error: ssl.SSLCertVerificationError) -> str:
    """Say in words what is wrong with the certificate of an API."""
    if "not yet valid" in error.verify_message:
        now = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
        return f"the API's certificate at {address} is not yet valid: this machine's clock says {now}; look at its NTP"
    if "expired" in error.verify_message:
        return f"the API's certificate at {address} has expired; renew it on the control plane: kubeadm certs renew all"
    return f"what answers at {address} is not this cluster: its certificate is from another authority"


def initialise(node: Node) -> None:
    """Begin the cluster, or go on where an earlier try stopped. Raises `NotYet`."""
    configuration = BOOT / "init.yaml"
    tokens = (BOOT / "bootstrap-tokens.yaml").read_text(encoding="utf-8")
    configuration.touch(0o600)
    configuration.write_text((BOOT / "cluster.yaml").read_text(encoding="utf-8") + tokens, encoding="utf-8")
    # until the cluster is begun nothing but super-admin.conf has rights: kube-vip needs them to hold the address
    hold_api_address("super-admin.conf")
    run("kubeadm", "init", f"--config={configuration}", *IGNORED)
    hold_api_address("admin.conf")
    configuration.unlink()
    (BOOT / "initialising").unlink()
    print(f"{node.name}: the cluster is initialised")


def join(node: Node) -> None:
    """Join the cluster, whatever an earlier try or an earlier machine of this name left. Raises `NotYet`."""
    begun = BOOT / "joining"
    if begun.exists():
        run("kubeadm", "reset", "--force", "--skip-phases=remove-etcd-member")
        shutil.rmtree(ETCD_DATA, ignore_errors=True)
        take_identity()  # a reset removes the keys, too
    begun.touch()
    if node.control_plane:
        remove_stale_member(node)
    run("kubeadm", "join", f"--config={BOOT / 'join.yaml'}", *IGNORED)
    if node.control_plane:
        hold_api_address("admin.conf")
    begun.unlink()
    print(f"{node.name}: joined the cluster")


def hold_api_address(kubeconfig: str) -> None:
    """Let kube-vip run on this node, with one of kubeadm's kubeconfigs."""
    manifest = (BOOT / "kube-vip.yaml").read_text(encoding="utf-8").replace("/CONFIG,", f"/{kubeconfig},")
    target = KUBERNETES / "manifests" / "kube-vip.yaml"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(manifest, encoding="utf-8")


def remove_stale_member(node: Node) -> None:
    """Take the member of an earlier machine of this name out of etcd, which would refuse a new one in its place."""
    run("kubeadm", "init", "phase", "certs", "apiserver-etcd-client", f"--config={BOOT / 'cluster.yaml'}")
    for peer in sorted(node.peers.values()):
        try:
            members = ask_etcd(peer, "member/list", {})["members"]
        except OSError:
            continue  # another peer may answer
        for member in members:
            if member.get("name") == node.name or f"https://{node.address}:2380" in member.get("peerURLs", []):
                ask_etcd(peer, "member/remove", {"ID": member["ID"]})
                print(f"{node.name}: removed the etcd member {member['ID']} of an earlier machine")
        return
    raise NotYet("no etcd of another control-plane node answers")


def ask_etcd(address: str, call: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of an etcd to a call of its JSON gateway. Raises `OSError`."""
    pki = KUBERNETES / "pki"
    trust = ssl.create_default_context(cafile=str(pki / "etcd/ca.crt"))
    trust.load_cert_chain(pki / "apiserver-etcd-client.crt", pki / "apiserver-etcd-client.key")
    request = urllib.request.Request(f"https://{address}:{ETCD_PORT}/v3/cluster/{call}", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS, context=trust) as answer:  # noqa: S310 - it is https
        found: dict[str, Any] = json.load(answer)
    return found


def take_identity() -> None:
    """Write the keys and tokens that vCenter hands over to their places. Raises `NotYet` when they are not there."""
    kept = BOOT / "identity"
    if not kept.exists():
        packed = rpc(f"info-get {IDENTITY}")
        if packed in ("", FORGOTTEN):
            raise NotYet(f"vCenter hands over no {IDENTITY}")
        arriving = BOOT / "identity.new"
        arriving.touch(0o600)
        arriving.write_text(packed, encoding="ascii")
        arriving.replace(kept)
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(kept.read_text(encoding="ascii")))) as archive:
        archive.extractall("/", filter="tar")


def forget_identity() -> None:
    """Remove what is needed no more: from this machine, and from what vCenter shows of it."""
    for name in ("identity", "bootstrap.kubeconfig", "bootstrap-tokens.yaml"):
        (BOOT / name).unlink(missing_ok=True)
    rpc(f"info-set {IDENTITY} {FORGOTTEN}")


def tell(state: str) -> None:
    """Let vCenter show how far this machine is."""
    rpc(f"info-set {STATE} {state}")


def rpc(call: str) -> str:
    """Return what the hypervisor answers, nothing when it refuses."""
    done = subprocess.run(["vmware-rpctool", call], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def run(*command: str) -> None:
    """Run a program. Raises `NotYet` with its last line when it fails."""
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    sys.stderr.write(done.stderr)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise NotYet(f"{' '.join(command[:2])} failed: {last}")


if __name__ == "__main__":
    main()
