"""Registries that answer something else than what was asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.charts.not_available import NotAvailable
from infra.charts.registry import image_digest
from tests.charts.publishers import Publisher, playing

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """A registry."""
    with playing() as published:
        yield published


@pytest.mark.parametrize(
    "content",
    [
        b"<html>please log in</html>",
        b"[]",
        b"{}",
        b'{"errors": []}',
        b'{"schemaVersion": 1, "history": []}',
        json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.config.v1+json"}).encode(),
    ],
)
def test_what_is_no_manifest_has_no_digest(publisher: Publisher, content: bytes) -> None:
    publisher.manifests["kube/pause:1"] = content
    with pytest.raises(NotAvailable) as refused:
        image_digest(f"{publisher.address}/kube/pause", "1")
    assert str(refused.value) == "its registry sends something else than a manifest"


def test_manifest_that_names_its_kind_is_one(publisher: Publisher) -> None:
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    publisher.manifests["kube/pause:1"] = json.dumps({"schemaVersion": 2, "mediaType": kind}).encode()
    assert image_digest(f"{publisher.address}/kube/pause", "1").startswith("sha256:")


def test_token_that_can_not_be_read_is_one_line(publisher: Publisher) -> None:
    publisher.image("kube/pause", "1")
    publisher.files["/page"] = b"<html>please log in</html>"
    publisher.challenge = f'Bearer realm="{publisher.url}/page",service="played"'
    with pytest.raises(NotAvailable) as refused:
        image_digest(f"{publisher.address}/kube/pause", "1")
    assert str(refused.value) == "its registry hands out no token that can be read"
