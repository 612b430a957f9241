"""Access to the cluster: which groups may do what, and who says which groups a person is in."""

from __future__ import annotations

from typing import Literal

from infra.model.base import Document, entry
from infra.model.kubernetes_texts import GroupName
from infra.model.texts import CertificatePem, DomainName, OneLine


class Access(Document):
    """Groups, as people's tokens carry them, and their rights in the whole cluster."""

    administrators: list[GroupName] = entry("Administrators", ["platform-admins"], default_factory=list, max_length=100)
    """Groups that may do everything (`cluster-admin`)."""
    viewers: list[GroupName] = entry("Viewers", ["auditors"], default_factory=list, max_length=100)
    """Groups that may look at everything but Secrets (`view`)."""


class Search(Document):
    """Where in the directory entries are found."""

    base: OneLine = entry("Base", "OU=People,DC=example,DC=internal")
    """Distinguished name below which entries stand."""
    filter: OneLine = entry("Filter", "(objectClass=person)")
    """LDAP filter that the entries fit."""


class Ldap(Document):
    """A directory: LDAP or Active Directory."""

    host: DomainName = entry("Server", "ldap.example.internal")
    """Host name of the directory; it is always asked over TLS."""
    protocol: Literal["ldaps", "startTls"] = entry("Protocol", "ldaps", default="ldaps")
    """TLS from the first byte (`ldaps`, port 636), or begun on the plain port (`startTls`, port 389)."""
    kind: Literal["ldap", "activeDirectory"] = entry("Kind", "activeDirectory", default="ldap")
    """Which attributes name people and groups."""
    bind_name: OneLine = entry("Login", "CN=dex,OU=Services,DC=example,DC=internal")
    """Distinguished name of the account that searches; its password is the stack's setting `ldapPassword`."""
    people: Search = entry("People", {"base": "OU=People,DC=example,DC=internal"})
    """Where people stand."""
    groups: Search = entry("Groups", {"base": "OU=Groups,DC=example,DC=internal"})
    """Where groups stand."""
    authority: CertificatePem | None = entry("Authority", "-----BEGIN CERTIFICATE-----\n...", default=None)
    """Certificate of the authority that signed the directory's certificate, where it is not a public one."""


class SignIn(Document):
    """The issuer of people's tokens (Dex), in the cluster itself; it is named by firstBoot.apiServer.oidc.issuer."""

    ldap: Ldap = entry("Directory", {"host": "ldap.example.internal"})
    """The directory that knows people and their groups."""
