"""Reports of real changes, as the engine previews them: whole texts for reviewers; look at them when they change."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.commands import slipway

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal
NOT_PREVIEWABLE = 5
# What is another with every run, and what stands for it in the committed texts.
VOLATILE = {
    r"\b[0-9a-f]{40}(\+changes)?\b": "COMMIT",
    r"sha256:[0-9a-f]{64}": "sha256:HASH",
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b": "UUID",
    r"\b(vm|group-v|resgroup|dvportgroup|network|host|datastore)-[0-9]+\b": r"\1-N",
    r"inventory read `[^`]+`": "inventory read `AGE`",
}
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
}


@pytest.fixture(scope="module")
def _made(checkout: Checkout, rehearsal: Rehearsal) -> None:
    """Bring the machines of dev up as the first commit of the checkout says."""
    checkout.with_gpus("dev")
    git = ["git", "-C", str(checkout.root)]
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "infra", "stacks", "templates"], check=True)
    subprocess.run([*git, *who, "commit", "-qm", "first"], check=True)
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
    for pattern, word in VOLATILE.items():
        said = re.sub(pattern, word, said)
    golden(f"review/real/{name}.md", said)
