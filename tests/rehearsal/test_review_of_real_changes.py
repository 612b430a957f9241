"""Reports of real changes, as the engine previews them: whole texts for reviewers; look at them when they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.catalog import ROOT
from rehearsal.session import rehearsing
from tests.support.commands import slipway
from tests.support.reports import steady

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal
NOT_PREVIEWABLE = 5
VCENTER = "vcenter.example.internal"
HALF_A_GPU = (
    ("      share: 1/4\n", "      share: 1/2\n"),
    ("          l4-1of4: 1\n", "          l4-1of2: 1\n"),
)
NO_GPUS = (
    (
        (
            "  gpu:\n    count: 1\n    cpus: 4\n    memoryGiB: 16\n    diskGiB: 100\n"
            "    addresses: 10.20.0.40-10.20.0.44\n"
            "    gpu:\n      board: L4\n      share: 1/4\n"
        ),
        "",
    ),
    ("        gpus:\n          l4-1of4: 1\n", ""),
)
# What is replaced in the document, and whether the GPUs are placed anew.
CHANGES = {
    "changed-gpu-profile": (HALF_A_GPU, True),
    "deleted-pool": (NO_GPUS, False),
    "more-nodes": ((("    count: 2\n    cpus: 4\n", "    count: 3\n    cpus: 4\n"),), False),
    "another-release": ((("release: 2026.11.0\n", "release: 2026.10.0\n"),), False),
    "new-machine-template": ((("kubernetes-1.36.3-1\n", "kubernetes-1.36.3-2\n"),), False),
}


@pytest.fixture(scope="module")
def rehearsal(checkout: Checkout) -> Iterator[Rehearsal]:
    """Start a rehearsal of dev with a second machine template, built of the same release."""
    inventory = (ROOT / "rehearsal" / "inventories" / f"{VCENTER}.yaml").read_text(encoding="utf-8")
    templates = inventory.partition("    templates:\n")[2]
    checkout.replace_in_inventory(VCENTER, (templates, templates + templates.replace("1.36.3-1", "1.36.3-2")))
    with rehearsing("dev", root=checkout.root) as started:
        yield started


@pytest.fixture(scope="module")
def _made(checkout: Checkout, rehearsal: Rehearsal) -> None:
    """Bring the machines of dev up as the first commit of the checkout says."""
    checkout.with_gpus("dev")
    checkout.commit()
    slipway(rehearsal, "up", "dev", "compute", "--yes")


@pytest.mark.usefixtures("_made")
@pytest.mark.parametrize("name", CHANGES)
def test_a_real_change_reads_as_committed(
    name: str, checkout: Checkout, rehearsal: Rehearsal, golden: Callable[[str, str], None]
) -> None:
    replacements, placed = CHANGES[name]
    lock = checkout.root / "stacks" / "placements" / "dev.yaml"
    before = lock.read_text(encoding="utf-8")
    checkout.replace(*replacements)
    try:
        if placed:
            slipway(rehearsal, "fit", "dev", "--write")
        said = slipway(rehearsal, "review", "dev", code=NOT_PREVIEWABLE)
    finally:
        checkout.restore()
        lock.write_text(before, encoding="utf-8")
    golden(f"review/real/{name}.md", steady(said))
