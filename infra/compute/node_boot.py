"""How a machine becomes a node of its cluster: the files that it reads at its first boot. Plain data only."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

from infra.compute.node_files import API_SERVER_FILES
from infra.identity import API_PORT, bootstrap_kubeconfig
from infra.model.environment import CONTROL_PLANE
from infra.render import TEMPLATES, render

if TYPE_CHECKING:
    from infra.identity import Identity
    from infra.model.environment import Environment
    from infra.model.release import Release

BOOT = "/var/lib/slipway"  # templates/machine/join_cluster.py reads it
PROGRAM = f"{BOOT}/join_cluster.py"
SERVICE = "slipway-join.service"
_PKI = "/etc/kubernetes/pki"
_MOST_WITNESSES = 5  # each is asked once before a cluster is begun
_SOCKET = "unix:///run/containerd/containerd.sock"
_TOKEN_LIFE = "48h0m0s"  # noqa: S105 - until the cluster layer takes the token over and renews it
# Besides kubeadm's own one that lets pods that ask for GPUs onto the nodes that are tainted for them.
_ADMISSION = "NodeRestriction,ExtendedResourceToleration"
_AUDIT_LOG = {"audit-log-path": "/var/log/kubernetes/audit.log", "audit-log-maxage": "30", "audit-log-maxbackup": "10"}


def boot_files(environment: Environment, release: Release, name: str, address: str) -> dict[str, str]:
    """Return the files that a node becomes one by, without secrets, by path."""
    peers = environment.control_plane_addresses()
    control_plane = name in peers
    node = {
        "name": name,
        "address": address,
        "api_address": str(environment.network.api_address),
        "control_plane": control_plane,
        "first": name == environment.node_name(CONTROL_PLANE, 1),
        "peers": {peer: at for peer, at in peers.items() if peer != name} if control_plane else {},
        "witnesses": _witnesses(environment) if control_plane and len(peers) > 1 else {},
        "gateway": str(environment.network.gateway),
    }
    registration = {
        "name": name,
        "criSocket": _SOCKET,
        "kubeletExtraArgs": [
            {"name": "cloud-provider", "value": "external"},
            {"name": "node-ip", "value": address},
        ],
    }
    join = {
        "kubeconfig": f"{BOOT}/bootstrap.kubeconfig",
        "registration": registration,
        "control_plane": control_plane,
        "address": address,
    }
    files = {
        PROGRAM: (TEMPLATES / "machine" / "join_cluster.py").read_text(encoding="utf-8"),
        f"/etc/systemd/system/{SERVICE}": (TEMPLATES / "machine" / SERVICE).read_text(encoding="utf-8"),
        f"{BOOT}/node.json": json.dumps(node, indent=2, sort_keys=True) + "\n",
        f"{BOOT}/join.yaml": render("machine/join.yaml.j2", join),
    }
    if control_plane:
        files |= _control_plane(environment, release, registration, address)
    return files


def _witnesses(environment: Environment) -> dict[str, str]:
    """Return some workers, address by name: that they have joined is a sign of a cluster whose control plane is off."""
    firsts = {
        environment.node_name(pool, 1): str(machine.addresses.at(1))
        for pool, machine in environment.machines().items()
        if pool != CONTROL_PLANE and machine.count
    }
    return dict(sorted(firsts.items())[:_MOST_WITNESSES])


def _control_plane(
    environment: Environment, release: Release, registration: dict[str, Any], address: str
) -> dict[str, str]:
    network = environment.network
    vip = release.images["kube-vip"]
    cluster = {
        "cluster": environment.name,
        "kubernetes": f"v{release.kubernetes.version}",
        "endpoint": f"{network.api_address}:{API_PORT}",
        "pods": str(network.pods),
        "services": str(network.services),
        "names": [str(network.api_address), f"api.{network.domain}"],
        "api_server_arguments": _api_server_arguments(environment),
        "api_server_files": API_SERVER_FILES,
        "address": address,
        "registration": registration,
    }
    return {
        f"{BOOT}/cluster.yaml": render("machine/cluster.yaml.j2", cluster),
        f"{BOOT}/kube-vip.yaml": render(
            "machine/kube-vip.yaml.j2", {"image": f"{vip.image}:{vip.tag}", "address": str(network.api_address)}
        ),
    }


def _api_server_arguments(environment: Environment) -> dict[str, str]:
    server = environment.first_boot.api_server
    found = {
        "enable-admission-plugins": _ADMISSION,
        "encryption-provider-config": f"{API_SERVER_FILES}/encryption.yaml",
    }
    if server.oidc is not None:
        found["authentication-config"] = f"{API_SERVER_FILES}/authentication.yaml"
    if server.audit_level != "none":
        found |= {"audit-policy-file": f"{API_SERVER_FILES}/audit-policy.yaml", **_AUDIT_LOG}
    return dict(sorted(found.items()))


def identity_archive(environment: Environment, identity: Identity, *, control_plane: bool) -> str:
    """Return the secret files of a node as a tar archive in base64; the same identity always gives the same text.

    Workers get what they join with, control-plane nodes the cluster's keys besides.
    """
    files = {
        f"{BOOT}/ca.crt": identity.ca_certificate,
        f"{BOOT}/bootstrap.kubeconfig": bootstrap_kubeconfig(
            identity, environment.name, str(environment.network.api_address)
        ),
    }
    if control_plane:
        files |= _keys(environment, identity)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz", format=tarfile.USTAR_FORMAT) as archive:
        for path, text in sorted(files.items()):
            content = text.encode()
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode = len(content), 0o600
            archive.addfile(entry, io.BytesIO(content))
    return base64.b64encode(packed.getvalue()).decode()


def _keys(environment: Environment, identity: Identity) -> dict[str, str]:
    encrypts = environment.first_boot.api_server.encryption_at_rest == "secretbox"
    token = {
        "token": identity.bootstrap_token,
        "ttl": _TOKEN_LIFE,
        "usages": ["signing", "authentication"],
        "groups": ["system:bootstrappers:kubeadm:default-node-token"],
    }
    return {
        f"{_PKI}/ca.crt": identity.ca_certificate,
        f"{_PKI}/ca.key": identity.ca_key,
        f"{_PKI}/front-proxy-ca.crt": identity.front_proxy_ca_certificate,
        f"{_PKI}/front-proxy-ca.key": identity.front_proxy_ca_key,
        f"{_PKI}/etcd/ca.crt": identity.etcd_ca_certificate,
        f"{_PKI}/etcd/ca.key": identity.etcd_ca_key,
        f"{_PKI}/sa.key": identity.service_account_key,
        f"{_PKI}/sa.pub": identity.service_account_public_key,
        f"{API_SERVER_FILES}/encryption.yaml": render(
            "machine/encryption.yaml.j2", {"key": identity.encryption_key if encrypts else ""}
        ),
        # goes on where cluster.yaml ends: in its InitConfiguration
        f"{BOOT}/bootstrap-tokens.yaml": f"bootstrapTokens: {json.dumps([token])}\n",
    }
