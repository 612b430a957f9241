"""The TLS bootstrap of a kubelet, for real: a key, a certificate request with the bootstrap token, the answer."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rehearsal.machines.api import Api

if TYPE_CHECKING:
    from pathlib import Path

_REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
_PATIENCE = 60.0


def request_certificate(bootstrap: Path, own: Path, name: str) -> None:
    """Write a kubeconfig with a certificate that the cluster signed for this node.

    Raises `httpx.HTTPError`, and `OSError` when nobody signs.
    """
    api = Api(bootstrap)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:nodes"),
        x509.NameAttribute(NameOID.COMMON_NAME, f"system:node:{name}"),
    ]
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject)).sign(key, hashes.SHA256())
    made = api.create(
        _REQUESTS,
        {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"generateName": "node-csr-"},
            "spec": {
                "request": _text(request.public_bytes(serialization.Encoding.PEM)),
                "signerName": "kubernetes.io/kube-apiserver-client-kubelet",
                "usages": ["digital signature", "client auth"],
            },
        },
    )
    certificate = _signed(api, made["metadata"]["name"])
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    own.touch(0o600)
    own.write_text(json.dumps(_kubeconfig(api, certificate, _text(private))), encoding="utf-8")
    print(f"{name}: got its certificate", flush=True)


def _signed(api: Api, request: str) -> str:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        found = api.get(f"{_REQUESTS}/{request}") or {}
        certificate = found.get("status", {}).get("certificate")
        if certificate:
            return str(certificate)
        time.sleep(0.2)
    raise OSError(f"nobody signed {request} within {_PATIENCE} s")


def _kubeconfig(api: Api, certificate: str, key: str) -> dict[str, Any]:
    server = {"server": api.server, "certificate-authority-data": _text(api.authority.encode())}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "default", "cluster": server}],
        "users": [{"name": "default", "user": {"client-certificate-data": certificate, "client-key-data": key}}],
        "contexts": [{"name": "default", "context": {"cluster": "default", "user": "default"}}],
        "current-context": "default",
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
