"""Where scanners of images have what they know of vulnerabilities from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.model.platform import Registry

_PUBLISHER = "ghcr.io"  # of Trivy's databases, which are artefacts in a registry themselves
_MIRROR = "mirror.gcr.io/aquasec"  # asked first where the publisher itself would be: it limits how often it answers
_DATABASES = ("trivy-db", "trivy-java-db")


def scanner_databases(asked: Registry) -> tuple[list[str], list[str]]:
    """Return where Trivy's database and the one of Java's libraries are, each in the order in which they are asked.

    Where a site has a mirror of the publisher (`upstreams`), nothing else is asked: that serves sites without internet.
    """
    mirror = asked.upstreams.get(_PUBLISHER, "").removeprefix("https://").rstrip("/")
    places = [f"{mirror}/aquasecurity"] if mirror and mirror != _PUBLISHER else [_MIRROR, f"{_PUBLISHER}/aquasecurity"]
    database, java = ([f"{place}/{name}" for place in places] for name in _DATABASES)
    return database, java
