"""What a node learns at its first boot and never again: to change any of it, nodes are made anew."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from infra.model.base import Document, entry
from infra.model.texts import (
    CertificatePem,
    ClaimName,
    ClaimPrefix,
    HttpsUrl,
    HttpUrl,
    LoginName,
    OneLine,
    ProxyException,
    RegistryHost,
    SshPublicKey,
)


class Proxy(Document):
    """How nodes reach the outside: through a proxy server."""

    http: HttpUrl = entry("HTTP proxy", "http://proxy.example.internal:3128")
    """URL of the proxy for plain HTTP."""
    https: HttpUrl = entry("HTTPS proxy", "http://proxy.example.internal:3128")
    """URL of the proxy for HTTPS."""
    exceptions: list[ProxyException] = entry("Exceptions", [".example.internal"], default_factory=list, max_length=100)
    """Host names, domains, addresses and networks that are reached directly, besides the environment's own networks."""


class Oidc(Document):
    """Who issues the tokens that people log in to the Kubernetes API with (OpenID Connect)."""

    issuer: HttpsUrl = entry("Issuer", "https://dex.example.internal")
    """URL of the issuer, exactly as its tokens carry it."""
    client_id: OneLine = entry("Client", "kubernetes")
    """Client identifier that tokens must be made for (their audience)."""
    username_claim: ClaimName = entry("User name claim", "email", default="email")
    """Claim of the token that is the user's name."""
    username_prefix: ClaimPrefix = entry("User name prefix", "oidc:", default="oidc:")
    """Put before every user name, so that no token can name a user of the cluster's own."""
    groups_claim: ClaimName = entry("Groups claim", "groups", default="groups")
    """Claim of the token that lists the user's groups."""
    groups_prefix: ClaimPrefix = entry("Groups prefix", "oidc:", default="oidc:")
    """Put before every group name."""


class ApiServer(Document):
    """Decisions of the Kubernetes API server; only control-plane nodes are made anew for them."""

    audit_level: Literal["none", "metadata", "request", "requestResponse"] = entry(
        "Audit level", "metadata", default="metadata"
    )
    """How much of every request is written to the audit log; bodies of Secrets never are."""
    encryption_at_rest: Literal["none", "secretbox"] = entry("Encryption at rest", "secretbox", default="secretbox")
    """How Secrets are encrypted in etcd."""
    oidc: Oidc | None = entry(
        "OpenID Connect", {"issuer": "https://dex.example.internal", "clientId": "kubernetes"}, default=None
    )
    """Who issues people's tokens; without it there are client certificates only."""


class FirstBoot(Document):
    """What every node is first booted with. A change here makes nodes anew, one after the other."""

    user: LoginName = entry("Login", "ops")
    """Name of the login that is made on every node, with sudo."""
    ssh_public_keys: list[SshPublicKey] = entry(
        "SSH keys", ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI... name"], min_length=1, max_length=100
    )
    """Public keys, in OpenSSH format, that may log in as this user."""
    registry_mirrors: dict[RegistryHost, list[HttpUrl]] = entry(
        "Registry mirrors", {"docker.io": ["https://registry.example.internal/v2/docker.io"]}, default_factory=dict
    )
    """Where images of a registry are fetched from, in order, before the registry itself is asked."""
    proxy: Proxy | None = entry(
        "Proxy",
        {"http": "http://proxy.example.internal:3128", "https": "http://proxy.example.internal:3128"},
        default=None,
    )
    """How nodes reach the outside; without it directly."""
    trusted_authorities: list[CertificatePem] = entry(
        "Trusted authorities",
        ["-----BEGIN CERTIFICATE-----\n..."],
        default_factory=list,
        max_length=50,
    )
    """Certificates of authorities (PEM) that every node trusts besides those of its operating system."""
    api_server: ApiServer = Field(title="API server", examples=[{"auditLevel": "metadata"}], default_factory=ApiServer)
    """Decisions of the Kubernetes API server."""
