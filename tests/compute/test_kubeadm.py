"""The real kubeadm accepts what nodes are given, and makes certificates and manifests of it with our authorities."""

from __future__ import annotations

import base64
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.catalog import ROOT
from infra.compute.node_boot import BOOT, boot_files, identity_archive
from infra.identity import new_identity
from rehearsal import isolation
from tests.support.environments import DEV, PROD, RELEASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment

pytestmark = pytest.mark.long  # kubeadm is built by `make tools-all`
OWN_ROOT = ROOT / "rehearsal" / "machines" / "own_root.sh"
KUBEADM = str(ROOT / ".tools" / "bin" / "kubeadm")
IDENTITY = new_identity(datetime.now(UTC))
NODES = [(DEV, "dev-control-plane-1"), (DEV, "dev-cpu-1"), (PROD, "prod-control-plane-2"), (PROD, "prod-training-1")]


def put_files(folder: Path, environment: Environment, name: str) -> Path:
    """Write a node's files below a folder, and return the one that kubeadm initialises a cluster of."""
    for path, text in boot_files(environment, RELEASE, name, "10.20.0.10").items():
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    archive = identity_archive(environment, IDENTITY, control_plane="control-plane" in name)
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(archive))) as opened:
        opened.extractall(folder, filter="tar")
    boot = folder / BOOT.lstrip("/")
    if "control-plane" in name:
        tokens = (boot / "bootstrap-tokens.yaml").read_text(encoding="utf-8")
        (boot / "init.yaml").write_text((boot / "cluster.yaml").read_text(encoding="utf-8") + tokens, encoding="utf-8")
    return boot / "init.yaml"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder on a file system of its own kind: what a machine's root file system is laid over can't hold it."""
    path = Path(tempfile.mkdtemp(prefix="slipway-", dir="/dev/shm"))
    yield path
    shutil.rmtree(path)


def kubeadm(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run kubeadm on a machine's root file system."""
    command = isolation.unshared([str(OWN_ROOT), str(folder), KUBEADM, *arguments])
    variables = {**os.environ, "SLIPWAY_ROOT": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=variables)


@pytest.mark.parametrize(("environment", "name"), NODES, ids=lambda each: each if isinstance(each, str) else "")
def test_it_accepts_the_documents_of_every_kind_of_node(folder: Path, environment: Environment, name: str) -> None:
    initial = put_files(folder / "root", environment, name)
    for document in ("join.yaml", *(["init.yaml"] if initial.exists() else [])):
        done = kubeadm(folder, "config", "validate", "--config", f"{BOOT}/{document}")
        assert done.returncode == 0, done.stderr
        assert "deprecated" not in done.stderr


def test_it_would_refuse_a_misspelt_key(folder: Path) -> None:
    initial = put_files(folder / "root", DEV, "dev-control-plane-1")
    initial.write_text(initial.read_text(encoding="utf-8").replace("podSubnet", "podSubnett"), encoding="utf-8")
    done = kubeadm(folder, "config", "validate", "--config", f"{BOOT}/init.yaml")
    assert done.returncode != 0
    assert 'unknown field "networking.podSubnett"' in done.stderr


def test_it_signs_with_our_authorities_and_writes_manifests_that_read_our_files(folder: Path) -> None:
    root = folder / "root"
    put_files(root, DEV, "dev-control-plane-1")
    for phase in (["certs", "all"], ["kubeconfig", "all"], ["control-plane", "all"], ["etcd", "local"]):
        done = kubeadm(folder, "init", "phase", *phase, "--config", f"{BOOT}/init.yaml")
        assert done.returncode == 0, done.stdout + done.stderr
    pki = root / "etc/kubernetes/pki"
    assert (pki / "ca.crt").read_text(encoding="ascii") == IDENTITY.ca_certificate
    openssl("verify", "-CAfile", str(pki / "ca.crt"), str(pki / "apiserver.crt"))
    text = openssl("x509", "-in", str(pki / "apiserver.crt"), "-noout", "-text")
    for name in ("IP Address:10.20.0.5", "IP Address:10.20.0.10", "DNS:api.dev.example.internal", "id-ecPublicKey"):
        assert name in text
    manifest = (root / "etc/kubernetes/manifests/kube-apiserver.yaml").read_text(encoding="utf-8")
    assert "--encryption-provider-config=/etc/kubernetes/slipway/encryption.yaml" in manifest
    assert "path: /etc/kubernetes/slipway" in manifest


def openssl(*arguments: str) -> str:
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=True).stdout
