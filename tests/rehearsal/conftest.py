"""Rehearsals for tests: in scratch checkouts, on the plugin that this machine has."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rehearsal.session import rehearsing
from tests.support.checkout import Checkout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.session import Rehearsal


@pytest.fixture(scope="module")
def checkout() -> Iterator[Checkout]:
    """A scratch checkout for one test module, whose dev has no GPUs; its path is short, as Unix sockets want it."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-"))
    found = Checkout(folder)
    found.without_gpus("dev")
    yield found
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def rehearsal(checkout: Checkout) -> Iterator[Rehearsal]:
    """A rehearsal of the scratch checkout's dev, with nothing made yet."""
    with rehearsing("dev", root=checkout.root) as started:
        yield started
