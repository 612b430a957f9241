"""A publisher for every test that asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.charts.publishers import Publisher, playing

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """A publisher on the loopback address, with nothing published yet."""
    with playing() as published:
        yield published
