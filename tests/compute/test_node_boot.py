"""What machines become nodes by: files that say what the document says, secrets apart from the rest."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from datetime import UTC, datetime
from typing import Any

from ruamel.yaml import YAML

from infra.compute.node_boot import BOOT, boot_files, identity_archive
from infra.identity import new_identity
from tests.support.environments import DEV, PROD, RELEASE, changed

IDENTITY = new_identity(datetime(2026, 11, 26, tzinfo=UTC))
FIRST, SECOND, WORKER = "prod-control-plane-1", "prod-control-plane-2", "prod-cpu-1"


def files(name: str, address: str = "10.30.0.11") -> dict[str, str]:
    return boot_files(PROD, RELEASE, name, address)


def documents(text: str) -> dict[str, Any]:
    """Return the documents of a file by their kind."""
    return {each["kind"]: each for each in YAML(typ="safe").load_all(text)}


def unpacked(archive: str) -> dict[str, tuple[int, str]]:
    """Return mode and content of an archive's files, by path."""
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(archive))) as opened:
        return {
            entry.name: (entry.mode, content.read().decode())
            for entry in opened
            if (content := opened.extractfile(entry)) is not None
        }


def test_the_cluster_is_what_the_document_says() -> None:
    found = documents(files(FIRST)[f"{BOOT}/cluster.yaml"])
    cluster = found["ClusterConfiguration"]
    assert cluster["kubernetesVersion"] == f"v{RELEASE.kubernetes.version}"
    assert cluster["controlPlaneEndpoint"] == f"{PROD.network.api_address}:6443"
    assert cluster["networking"]["podSubnet"] == str(PROD.network.pods)
    assert cluster["networking"]["serviceSubnet"] == str(PROD.network.services)
    arguments = {each["name"]: each["value"] for each in cluster["apiServer"]["extraArgs"]}
    assert arguments["authentication-config"] == "/etc/kubernetes/slipway/authentication.yaml"
    assert arguments["audit-policy-file"] == "/etc/kubernetes/slipway/audit-policy.yaml"
    assert arguments["encryption-provider-config"] == "/etc/kubernetes/slipway/encryption.yaml"
    assert found["InitConfiguration"]["localAPIEndpoint"]["advertiseAddress"] == "10.30.0.11"
    assert found["InitConfiguration"]["skipPhases"] == ["addon/kube-proxy"]


def test_only_the_first_control_plane_node_may_begin_a_cluster() -> None:
    nodes = {name: json.loads(files(name)[f"{BOOT}/node.json"]) for name in (FIRST, SECOND, WORKER)}
    assert {name: (node["control_plane"], node["first"]) for name, node in nodes.items()} == {
        FIRST: (True, True),
        SECOND: (True, False),
        WORKER: (False, False),
    }
    assert sorted(nodes[SECOND]["peers"]) == [FIRST, "prod-control-plane-3"]
    assert nodes[WORKER]["peers"] == {}


def test_workers_get_nothing_of_the_control_plane() -> None:
    assert f"{BOOT}/cluster.yaml" not in files(WORKER)
    assert "controlPlane" not in documents(files(WORKER)[f"{BOOT}/join.yaml"])["JoinConfiguration"]
    assert sorted(unpacked(identity_archive(PROD, IDENTITY, control_plane=False))) == [
        "var/lib/slipway/bootstrap.kubeconfig",
        "var/lib/slipway/ca.crt",
    ]


def test_secrets_are_root_s_alone_and_nowhere_else() -> None:
    secrets = unpacked(identity_archive(PROD, IDENTITY, control_plane=True))
    assert {mode for mode, _ in secrets.values()} == {0o600}
    assert secrets["etc/kubernetes/pki/ca.key"][1] == IDENTITY.ca_key
    tokens = YAML(typ="safe").load(secrets["var/lib/slipway/bootstrap-tokens.yaml"][1])
    assert tokens["bootstrapTokens"][0]["token"] == IDENTITY.bootstrap_token
    plain = "".join(files(FIRST).values())
    for secret in (IDENTITY.bootstrap_token, IDENTITY.encryption_key, "PRIVATE KEY"):
        assert secret not in plain


def test_the_same_identity_always_gives_the_same_archive() -> None:
    assert identity_archive(PROD, IDENTITY, control_plane=True) == identity_archive(PROD, IDENTITY, control_plane=True)
    assert len(identity_archive(PROD, IDENTITY, control_plane=True)) < 16 * 1024, "guestinfo holds 64 KiB"


def test_secrets_in_etcd_are_encrypted_unless_the_document_says_otherwise() -> None:
    def providers(environment: Any) -> list[str]:
        secrets = unpacked(identity_archive(environment, IDENTITY, control_plane=True))
        document = YAML(typ="safe").load(secrets["etc/kubernetes/slipway/encryption.yaml"][1])
        return [next(iter(each)) for each in document["resources"][0]["providers"]]

    assert providers(DEV) == ["secretbox", "identity"]
    assert providers(changed(DEV, {"firstBoot.apiServer.encryptionAtRest": "none"})) == ["identity"]
