"""The identity of a Kubernetes cluster: its authorities and keys, made once and never sent anywhere by this module.

Elliptic curves (P-256) throughout; file names and subjects are kubeadm's ("PKI certificates and requirements").
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import string
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFETIME = timedelta(days=3650)  # kubeadm's own default for authorities
ADMIN_LIFETIME = timedelta(days=365)  # and for certificates
RENEWED_BEFORE = timedelta(days=60)  # that much before its end the admin certificate is made anew
_SKEW = timedelta(minutes=5)  # of clocks that are not quite the same
_TOKEN_LETTERS = string.ascii_lowercase + string.digits
API_PORT = 6443


@dataclass(frozen=True)
class Identity:
    """Everything secret of a cluster, as PEM texts but for the last two.

    `bootstrap_token` is what machines join with, `<6>.<16>` lower-case letters and digits; `encryption_key` encrypts
    Secrets in etcd: 32 bytes in base64.
    """

    ca_certificate: str
    ca_key: str
    front_proxy_ca_certificate: str
    front_proxy_ca_key: str
    etcd_ca_certificate: str
    etcd_ca_key: str
    service_account_key: str
    service_account_public_key: str
    bootstrap_token: str
    encryption_key: str

    @staticmethod
    def from_plain(values: dict[str, Any]) -> Identity:
        """Return an identity from plain values by field name; what else is among them is left out."""
        return Identity(**{field.name: values[field.name] for field in fields(Identity)})

    @staticmethod
    def property_names() -> dict[str, str]:
        """Return what each field is called on the wire, by field name."""
        return {field.name: property_name(field.name) for field in fields(Identity)}


def property_name(name: str) -> str:
    """Return what the `slipway` provider calls something that Python calls `like_this`: `likeThis`."""
    first, *others = name.split("_")
    return first + "".join(part.title() for part in others)


def new_identity(now: datetime) -> Identity:
    """Return a fresh identity whose authorities are valid from now on for ten years."""
    ca_certificate, ca_key = _authority("kubernetes", now)
    front_certificate, front_key = _authority("front-proxy-ca", now)
    etcd_certificate, etcd_key = _authority("etcd-ca", now)
    account = ec.generate_private_key(ec.SECP256R1())
    return Identity(
        ca_certificate=ca_certificate,
        ca_key=ca_key,
        front_proxy_ca_certificate=front_certificate,
        front_proxy_ca_key=front_key,
        etcd_ca_certificate=etcd_certificate,
        etcd_ca_key=etcd_key,
        service_account_key=_private_pem(account),
        service_account_public_key=_public_pem(account),
        bootstrap_token=f"{_token_part(6)}.{_token_part(16)}",
        encryption_key=base64.b64encode(secrets.token_bytes(32)).decode(),
    )


def ca_hash(certificate_pem: str) -> str:
    """Return how kubeadm names an authority that joining machines trust: `sha256:` and the hash of its public key."""
    key = x509.load_pem_x509_certificate(certificate_pem.encode()).public_key()
    public = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"sha256:{hashlib.sha256(public).hexdigest()}"


def expires(certificate_pem: str) -> datetime:
    """Return until when a certificate is valid."""
    return x509.load_pem_x509_certificate(certificate_pem.encode()).not_valid_after_utc


def server_url(address: str) -> str:
    """Return the URL of a Kubernetes API at an address."""
    return f"https://{address}:{API_PORT}"


def admin_kubeconfig(identity: Identity, cluster: str, address: str, now: datetime) -> tuple[str, datetime]:
    """Return a kubeconfig for the API at an address with full rights, as JSON, and until when it is valid.

    Its group is bound to `cluster-admin` by kubeadm; unlike `system:masters` it can be unbound.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _client_certificate(identity, key.public_key(), "slipway-admin", "kubeadm:cluster-admins", now)
    content = _kubeconfig(
        cluster,
        address,
        identity.ca_certificate,
        "slipway-admin",
        {
            "client-certificate-data": _encoded(_certificate_pem(certificate)),
            "client-key-data": _encoded(_private_pem(key)),
        },
    )
    return content, certificate.not_valid_after_utc


def bootstrap_kubeconfig(identity: Identity, cluster: str, address: str) -> str:
    """Return the kubeconfig that a machine joins with, as JSON: the API, its authority, the bootstrap token."""
    user = {"token": identity.bootstrap_token}
    return _kubeconfig(cluster, address, identity.ca_certificate, "bootstrap", user)


def _kubeconfig(cluster: str, address: str, ca_certificate: str, name: str, user: dict[str, str]) -> str:
    server = {"server": server_url(address), "certificate-authority-data": _encoded(ca_certificate)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster, "cluster": server}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": name}}],
        "current-context": cluster,
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _token_part(length: int) -> str:
    return "".join(secrets.choice(_TOKEN_LETTERS) for _ in range(length))


def _authority(name: str, now: datetime) -> tuple[str, str]:
    """Return certificate and key of an authority that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = _builder(subject, subject, key.public_key(), now, now + AUTHORITY_LIFETIME)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return _certificate_pem(builder.sign(key, hashes.SHA256())), _private_pem(key)


def _client_certificate(
    identity: Identity, public_key: ec.EllipticCurvePublicKey, name: str, group: str, now: datetime
) -> x509.Certificate:
    authority = x509.load_pem_x509_certificate(identity.ca_certificate.encode())
    authority_key = serialization.load_pem_private_key(identity.ca_key.encode(), password=None)
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)  # noqa: S101 - it was made here
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    end = min(now + ADMIN_LIFETIME, authority.not_valid_after_utc)
    builder = _builder(subject, authority.subject, public_key, now, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin.astimezone(UTC) - _SKEW)
        .not_valid_after(end.astimezone(UTC))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=signs_certificates,
        key_cert_sign=signs_certificates,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _certificate_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    """Return a key in the form that kubeadm writes itself: "EC PRIVATE KEY"."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
