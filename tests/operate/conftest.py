"""A checkout's documents in a folder of their own, and somebody who publishes what its release names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.catalog import Catalog
from tests.charts.publishers import Publisher, playing
from tests.charts.releases import trusted_publisher
from tests.support.stacks import copy_stacks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """A publisher of images and charts."""
    with playing() as published:
        yield published


@pytest.fixture
def trusted(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """A publisher of manifests."""
    with trusted_publisher(tmp_path_factory.mktemp("certificates"), monkeypatch) as published:
        yield published


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """The committed documents, in a folder of their own."""
    copy_stacks(tmp_path)
    return Catalog(tmp_path)
