"""Reading registries of images and charts without a login (OCI Distribution Specification)."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
from pydantic import TypeAdapter, ValidationError

from infra.charts.archive import sha256_of
from infra.charts.not_available import NotAvailable
from infra.charts.publisher import publisher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.charts.publisher import Publisher

_IMAGES = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
SCHEMA_VERSION = 2  # of every kind of manifest above
ARTIFACT = "application/vnd.oci.image.manifest.v1+json"  # what a chart's manifest is


@dataclass
class Repository:
    """One repository of a registry; a token is asked for when the registry wants one, and used from then on."""

    url: str
    registry: Publisher
    _login: dict[str, str] = field(default_factory=dict)

    def manifest(self, tag: str, kinds: str = _IMAGES) -> bytes:
        """Return the manifest of a tag, of one of the kinds.

        Raises `NotAvailable`, also when the registry says another digest than the bytes have.
        """
        answer = self._answer(f"manifests/{tag}", kinds)
        digest = sha256_of(answer.content)
        self._check_digest(answer.headers.get("Docker-Content-Digest", digest), digest)
        return answer.content

    def blob(self, digest: str) -> bytes:
        """Return a blob. Raises `NotAvailable`, also when its bytes have another digest."""
        content = self._answer(f"blobs/{digest}", "*/*").content
        self._check_digest(digest, sha256_of(content))
        return content

    def _check_digest(self, said: str, digest: str) -> None:
        if said != digest:
            raise NotAvailable(f"{self.registry.name} says {said}, and what it sends is {digest}")

    def _answer(self, path: str, kinds: str) -> httpx.Response:
        url, headers = f"{self.url}/{path}", {"Accept": kinds}
        answer = self.registry.answer(url, headers | self._login)
        if answer.status_code == httpx.codes.UNAUTHORIZED and not self._login:
            token = _token(self.registry, answer.headers.get("WWW-Authenticate", ""))
            self._login["Authorization"] = f"Bearer {token}"
            answer = self.registry.answer(url, headers | self._login)
        return self.registry.accepted(answer)


@contextmanager
def repository(name: str) -> Iterator[Repository]:
    """Give a repository by its whole name, as `registry.k8s.io/pause`."""
    host, _, path = name.partition("/")
    with publisher("its registry") as registry:
        yield Repository(f"{_host_url(host)}/v2/{_path(host, path)}", registry)


def image_digest(image: str, tag: str) -> str:
    """Return the digest of an image's manifest (`sha256:...`), computed from the manifest itself.

    Raises `NotAvailable` when the registry is away, does not have it, says another digest than the bytes have, or sends
    something else than a manifest, as a page that wants a login.
    """
    with repository(image) as images:
        manifest = images.manifest(tag)
    if not _is_manifest(manifest):
        raise NotAvailable("its registry sends something else than a manifest")
    return sha256_of(manifest)


def _is_manifest(content: bytes) -> bool:
    try:
        said = TypeAdapter(dict[str, object]).validate_json(content)
    except ValidationError:
        return False
    kind = said.get("mediaType", "")  # OCI lets it be left out
    return said.get("schemaVersion") == SCHEMA_VERSION and kind in ("", *_IMAGES.split(", "))


def _host_url(host: str) -> str:
    if host == "docker.io":  # its API stands elsewhere
        return "https://registry-1.docker.io"
    local = host.partition(":")[0] in ("localhost", "127.0.0.1")
    return f"{'http' if local else 'https'}://{host}"


def _path(host: str, path: str) -> str:
    return f"library/{path}" if host == "docker.io" and "/" not in path else path


def _token(registry: Publisher, challenge: str) -> str:
    """Return the anonymous token that a registry's challenge asks for (Docker, "Token Authentication")."""
    parts = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    if not challenge.lower().startswith("bearer") or "realm" not in parts:
        raise NotAvailable("its registry wants a login")
    asked = {key: parts[key] for key in ("service", "scope") if key in parts}
    answer = registry.answer(parts["realm"], params=asked)
    if answer.status_code != httpx.codes.OK:
        raise NotAvailable("its registry wants a login")
    try:
        said = TypeAdapter(dict[str, object]).validate_json(answer.content)
    except ValidationError:
        raise NotAvailable("its registry hands out no token that can be read") from None
    return str(said.get("token") or said.get("access_token") or "")
