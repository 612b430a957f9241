"""A release whose every part is published on this machine."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from infra.catalog import Catalog
from infra.identity import new_identity
from tests.charts.publishers import OBJECTS, packed_chart, playing
from tests.support.certificates import server_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from tests.charts.publishers import Publisher

VERSION = "2026.11.0"


@contextmanager
def trusted_publisher(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """Give a publisher with a certificate that this process trusts: manifests come from nowhere else."""
    now = datetime.now(UTC)
    identity = new_identity(now)
    certificate, key = server_certificate(identity, "127.0.0.1", now, now + timedelta(days=1))
    (folder / "server.pem").write_text(certificate + key, encoding="ascii")
    (folder / "authority.pem").write_text(identity.ca_certificate, encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))
    with playing(folder / "server.pem") as published:
        yield published


def publish_release(
    root: Path, publisher: Publisher, trusted: Publisher, templates: dict[str, str] | None = None
) -> Path:
    """Publish everything that the release of a checkout names, point the release there, and return its file.

    `templates` stand in every chart, by path.
    """
    release = Catalog(root).load_release(VERSION)
    places: dict[str, str] = {}
    for image in release.images.values():
        path = image.image.partition("/")[2]
        publisher.image(path, image.tag)
        places[f"image: {image.image}\n"] = f"image: {publisher.address}/{path}\n"
    indexed = {}
    for chart in release.charts.values():
        archive = packed_chart(chart.chart, chart.version, templates)
        if chart.source.startswith("oci://"):
            publisher.oci_chart(f"charts/{chart.chart}", chart.version, archive)
            places[f"source: {chart.source}\n"] = f"source: oci://{publisher.address}/charts\n"
        else:
            indexed[chart.chart, chart.version] = archive
            places[f"source: {chart.source}\n"] = f"source: {publisher.url}/charts\n"
    publisher.repository("charts", indexed)
    for name, manifests in release.manifests.items():
        trusted.files[f"/{name}.yaml"] = OBJECTS
        places[f"source: {manifests.source}\n"] = f"source: {trusted.url}/{name}.yaml\n"
    file = root / "stacks" / "releases" / f"{VERSION}.yaml"
    text = file.read_text(encoding="utf-8")
    for before, after in places.items():
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")
    return file
