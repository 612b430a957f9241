"""The real API server accepts the files that control-plane nodes are given for it, and would refuse wrong ones."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from ruamel.yaml import YAML

from infra.catalog import ROOT
from tests.support.environments import PROD, changed, nodes_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long  # kube-apiserver is built by `make tools-all`
NOBODY = "http://127.0.0.1:1"  # no etcd answers there
NO_ETCD = "error creating storage factory"  # what it says when everything else is right, after 20 s


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the node's files and a service-account key."""
    environment = changed(PROD, {"firstBoot.apiServer.oidc.issuer": "https://localhost:2"})  # looked for at once
    for entry in YAML(typ="safe").load(nodes_of(environment)["prod-control-plane-1"].user_data)["write_files"]:
        if entry["path"].startswith("/etc/kubernetes/slipway/"):
            (tmp_path / entry["path"].rpartition("/")[2]).write_text(entry["content"], encoding="utf-8")
    key = ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "sa.key").write_bytes(private)
    (tmp_path / "sa.pub").write_bytes(public)
    return tmp_path


def free_port() -> int:
    """Return a port of this machine that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def last_word(folder: Path) -> str:
    """Start the API server without an etcd, and return the line that it ends with."""
    options = {
        "etcd-servers": NOBODY,
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": "sa.pub",
        "service-account-signing-key-file": "sa.key",
        "cert-dir": "certificates",
        "audit-policy-file": "audit-policy.yaml",
        "audit-log-path": "audit.log",
        "authentication-config": "authentication.yaml",
        "bind-address": "127.0.0.1",
        "secure-port": str(free_port()),
        "service-cluster-ip-range": str(PROD.network.services),
    }
    command = [str(ROOT / ".tools/bin/kube-apiserver"), *(f"--{name}={value}" for name, value in options.items())]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        for line in process.stderr or ():
            if "command failed" in line:
                return line
        return "it said nothing"
    finally:
        process.kill()
        process.communicate()


def test_it_takes_the_files_of_a_control_plane_node(folder: Path) -> None:
    assert NO_ETCD in last_word(folder)


@pytest.mark.parametrize(
    ("file", "this", "by", "reason"),
    [
        ("audit-policy.yaml", "level: Metadata", "level: Metadat", "loading audit policy file"),
        ("authentication.yaml", "audiences", "audienses", "failed to load authentication configuration"),
    ],
)
def test_it_would_refuse_wrong_ones(folder: Path, file: str, this: str, by: str, reason: str) -> None:
    path = folder / file
    path.write_text(path.read_text(encoding="utf-8").replace(this, by), encoding="utf-8")
    assert reason in last_word(folder)
