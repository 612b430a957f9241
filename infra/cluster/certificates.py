"""Certificates: cert-manager, with the site's issuer or an authority of the cluster's own."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from infra.components.component import Component, FilledSecret, Manifest, chart_values, manifest

if TYPE_CHECKING:
    from infra.model.cluster import Acme
    from infra.model.environment import Environment

NAME = "cert-manager"
NAMESPACE = "cert-manager"
ISSUER = "slipway"
API = "cert-manager.io/v1"
ACME_KEY, AUTHORITY_KEY = "slipway:acmeKey", "slipway:authorityKey"
_PROBE = manifest("Issuer", API, "probe", NAMESPACE, spec={"selfSigned": {}})
_AUTHORITY = "cluster-authority"
_AUTHORITY_HOURS = 87600  # ten years, as kubeadm's own authorities


def certificates(environment: Environment) -> Component | None:
    """Return the certificates of an environment's cluster, or None when they are switched off."""
    asked = environment.cluster.certificates
    if asked is None:
        return None
    secrets: tuple[FilledSecret, ...] = ()
    if asked.acme is not None:
        secrets = (FilledSecret("acme-key", (ACME_KEY,), lambda settings: {"key": settings[ACME_KEY]}),)
        issuers = [_issuer(ISSUER, acme=_acme(asked.acme))]
    elif asked.authority is not None:
        authority = asked.authority.strip() + "\n"
        fill = lambda settings: {"tls.crt": authority, "tls.key": settings[AUTHORITY_KEY]}  # noqa: E731 - one use
        secrets = (FilledSecret(_AUTHORITY, (AUTHORITY_KEY,), fill, "kubernetes.io/tls"),)
        issuers = [_issuer(ISSUER, ca={"secretName": _AUTHORITY})]
    else:
        issuers = list(_own_authority(environment.name))
    return Component(
        NAME,
        NAMESPACE,
        needs=("cilium", "vsphere-cpi"),
        chart=True,
        values=chart_values(f"cluster/{NAME}", {}),
        secrets=secrets,
        probe=(f"/apis/{API}/namespaces/{NAMESPACE}/issuers", _PROBE),
        after=tuple(issuers),
    )


def _own_authority(environment: str) -> tuple[Manifest, ...]:
    spec: dict[str, Any] = {
        "isCA": True,
        "commonName": f"{environment} cluster authority",
        "secretName": _AUTHORITY,
        "duration": f"{_AUTHORITY_HOURS}h",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"},
        "issuerRef": {"name": "self-signed", "kind": "ClusterIssuer", "group": "cert-manager.io"},
    }
    return (
        _issuer("self-signed", selfSigned={}),
        manifest("Certificate", API, _AUTHORITY, NAMESPACE, spec=spec),
        _issuer(ISSUER, ca={"secretName": _AUTHORITY}),
    )


def _acme(asked: Acme) -> dict[str, Any]:
    update = {
        "nameserver": f"{asked.nameserver}:53",
        "tsigKeyName": asked.key_name,
        "tsigAlgorithm": "HMACSHA256",
        "tsigSecretSecretRef": {"name": "acme-key", "key": "key"},
    }
    authority = {"caBundle": base64.b64encode(asked.authority.encode()).decode()} if asked.authority else {}
    return {
        **authority,
        "server": asked.server,
        "email": asked.email,
        "privateKeySecretRef": {"name": "acme-account"},
        "solvers": [{"dns01": {"rfc2136": update}}],
    }


def _issuer(name: str, **spec: Any) -> Manifest:  # noqa: ANN401 - any kind of issuer
    return manifest("ClusterIssuer", API, name, spec=spec)
