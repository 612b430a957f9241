"""What every test of the kind GpuTemplate begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.plugin_site import GPU_INVENTORY, Site, conformance_site
from tests.support.plugin_template import started, sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.checkout import Checkout
    from tests.support.plugin import Plugin


@pytest.fixture(scope="module")
def site(checkout: Checkout) -> Iterator[Site]:
    """A vCenter with GPUs, a template and a resource pool."""
    with conformance_site(checkout, GPU_INVENTORY) as found:
        yield found


@pytest.fixture(scope="module")
def provider(site: Site) -> Iterator[Plugin]:
    """Slipway's provider, logged in to it."""
    found = started(site)
    yield found
    found.end()


@pytest.fixture(autouse=True)
def _nothing_left(site: Site) -> Iterator[None]:
    """End each test with nothing made, held or to fail."""
    yield
    sweep(site)
