"""Authorities that programs trust beside the public ones: those of the site, and of the gateway's certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.component import Manifest, manifest

if TYPE_CHECKING:
    from infra.model.environment import Environment

SECRET, KEY = "trusted-authorities", "ca.crt"
FOLDER = "/etc/slipway-authorities"
VARIABLE = {"name": "SSL_CERT_DIR", "value": FOLDER}  # programs in Go read all of it, beside the file of their image
_ISSUER, _API = "slipway", "cert-manager.io/v1"  # the cluster's own issuer


def authorities(environment: Environment, namespace: str) -> tuple[Manifest, ...]:
    """Return what brings about the Secret `SECRET` with certificates under `KEY`; nothing where public ones are enough.

    Where the cluster has an authority of its own no document knows it: cert-manager writes it beside a certificate that
    nobody uses. The site's others (firstBoot.trustedAuthorities) are then not in it.
    """
    if _own_authority(environment):
        spec: dict[str, Any] = {
            "secretName": SECRET,
            "dnsNames": [f"{SECRET}.{namespace}.svc"],
            "issuerRef": {"name": _ISSUER, "kind": "ClusterIssuer", "group": "cert-manager.io"},
        }
        return (manifest("Certificate", _API, SECRET, namespace, spec=spec),)
    known = _known(environment)
    if not known:
        return ()
    return (manifest("Secret", "v1", SECRET, namespace, type="Opaque", stringData={KEY: known}),)


def authority_volume() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a volume with the authorities, and its mount at `FOLDER`."""
    volume = {"name": SECRET, "secret": {"secretName": SECRET, "items": [{"key": KEY, "path": KEY}]}}
    return volume, {"name": SECRET, "mountPath": FOLDER, "readOnly": True}


def trust_of_pods(environment: Environment) -> dict[str, list[dict[str, Any]]]:
    """Return what makes a program in Go trust them: `env`, `volumes` and `volumeMounts`, all empty without any."""
    if not authorities(environment, ""):
        return {"env": [], "volumes": [], "volumeMounts": []}
    volume, mount = authority_volume()
    return {"env": [VARIABLE], "volumes": [volume], "volumeMounts": [mount]}


def _own_authority(environment: Environment) -> bool:
    asked = environment.cluster.certificates
    return asked is not None and asked.acme is None and asked.authority is None


def _known(environment: Environment) -> str:
    """Return the certificates that a document names, one after the other."""
    asked = environment.cluster.certificates
    found = list(environment.first_boot.trusted_authorities)
    if asked is not None:
        found += [each for each in (asked.authority, asked.acme.authority if asked.acme else None) if each]
    return "".join(f"{each.strip()}\n" for each in dict.fromkeys(found))
