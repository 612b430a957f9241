"""Digests of images, computed from what their registries hand out (OCI Distribution Specification)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import httpx

TIMEOUT = 30  # seconds
_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)


class NoDigest(Exception):
    """A registry did not hand out an image; the text says why."""


@dataclass(frozen=True)
class _Place:
    """Where an image's manifest is to be had."""

    url: str
    repository: str


def image_digest(image: str, tag: str) -> str:
    """Return the digest of an image's manifest (`sha256:...`), computed from the manifest itself.

    Raises `NoDigest` when the registry is away, does not have it, or says another digest than the bytes have.
    """
    place = _place(image)
    url = f"{place.url}/v2/{place.repository}/manifests/{tag}"
    try:
        with httpx.Client(timeout=TIMEOUT, follow_redirects=True, headers={"Accept": _MANIFESTS}) as client:
            answer = client.get(url)
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                token = _token(client, answer.headers.get("WWW-Authenticate", ""))
                answer = client.get(url, headers={"Authorization": f"Bearer {token}"})
    except httpx.HTTPError as error:
        raise NoDigest(f"its registry does not answer ({error})") from None
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise NoDigest("its registry does not have it")
    if answer.status_code != httpx.codes.OK:
        raise NoDigest(f"its registry answers {answer.status_code} {answer.reason_phrase}")
    digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
    said = answer.headers.get("Docker-Content-Digest", digest)
    if said != digest:
        raise NoDigest(f"its registry says {said}, and what it sends is {digest}")
    return digest


def _place(image: str) -> _Place:
    host, _, repository = image.partition("/")
    if host == "docker.io":  # its API stands elsewhere, and its own images below library/
        return _Place("https://registry-1.docker.io", repository if "/" in repository else f"library/{repository}")
    local = host.partition(":")[0] in ("localhost", "127.0.0.1")
    return _Place(f"{'http' if local else 'https'}://{host}", repository)


def _token(client: httpx.Client, challenge: str) -> str:
    """Return the anonymous token that a registry's challenge asks for (Docker, "Token Authentication")."""
    parts = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    if not challenge.lower().startswith("bearer") or "realm" not in parts:
        raise NoDigest("its registry wants a login")
    asked = {key: parts[key] for key in ("service", "scope") if key in parts}
    answer = client.get(parts["realm"], params=asked)
    if answer.status_code != httpx.codes.OK:
        raise NoDigest("its registry wants a login")
    said = answer.json()
    return str(said.get("token") or said.get("access_token") or "")
