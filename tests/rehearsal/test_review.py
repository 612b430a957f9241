"""A change that is reviewed, sealed, approved and carried out on a simulated vCenter; and what has moved is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.commands import slipway

if TYPE_CHECKING:
    from pathlib import Path

    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal
CHANGES, NOT_PREVIEWABLE = 4, 5
MORE_MEMORY = ("    memoryGiB: 16\n", "    memoryGiB: 24\n")
ANOTHER_OWNER = ("owner: platform-team@example.com", "owner: another-team@example.com")


@pytest.fixture(scope="module", autouse=True)
def _in_git(checkout: Checkout) -> None:
    checkout.commit()


def reviewed(rehearsal: Rehearsal, *options: str, code: int) -> str:
    return slipway(rehearsal, "review", "dev", *options, code=code)


def test_a_change_from_review_to_what_runs(checkout: Checkout, rehearsal: Rehearsal) -> None:
    """One rehearsal, step by step."""
    seal = rehearsal.layout.folder / "dev.seal.json"
    (checkout.root / "stacks" / "change-records.yaml").write_text("file:\n  folder: stacks/changes\n", encoding="utf-8")
    nothing_can_be_previewed_before_there_is_something(rehearsal)
    slipway(rehearsal, "up", "dev", "compute", "--yes")
    what_stays_is_quiet_and_what_is_not_there_is_said(rehearsal)
    checkout.replace(MORE_MEMORY)
    record = a_change_is_told_and_sealed(rehearsal, seal)
    a_document_that_moved_is_refused(checkout, rehearsal, seal)
    what_was_approved_runs(checkout, rehearsal, seal, record)
    a_state_that_moved_is_refused(rehearsal, seal)
    checkout.restore()


def nothing_can_be_previewed_before_there_is_something(rehearsal: Rehearsal) -> None:
    said = reviewed(rehearsal, "--format", "json", code=CHANGES + 1)
    verdicts = {each["layer"]: each["verdict"] for each in layers(said)}
    assert verdicts == {"compute": "changes", "cluster": "not previewable"}


def layers(said: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = [layer for each in json.loads(said)["environments"] for layer in each["layers"]]
    return found


def what_stays_is_quiet_and_what_is_not_there_is_said(rehearsal: Rehearsal) -> None:
    said = reviewed(rehearsal, "--format", "json", code=NOT_PREVIEWABLE)
    compute, cluster = layers(said)
    assert (compute["verdict"], cluster["verdict"]) == ("no change", "not previewable")
    assert "does not answer" in cluster["reason"]


def a_change_is_told_and_sealed(rehearsal: Rehearsal, seal: Path) -> str:
    said = reviewed(rehearsal, "--seal", str(seal), "--record", code=NOT_PREVIEWABLE)
    assert "not in it, as they could not be previewed: dev.cluster" in said
    assert "memory" in said
    assert "16384" in said
    assert "24576" in said
    again = reviewed(rehearsal, code=NOT_PREVIEWABLE)
    assert said.partition("wrote ")[0] == again
    assert set(json.loads(seal.read_text(encoding="utf-8"))["stacks"]) == {"dev.compute"}
    return said.rpartition("on record as ")[2].strip()


def a_document_that_moved_is_refused(checkout: Checkout, rehearsal: Rehearsal, seal: Path) -> None:
    checkout.replace(ANOTHER_OWNER)
    said = slipway(rehearsal, "up", "dev", "compute", "--approved", str(seal), code=2)
    assert "the document stacks/environments/dev.yaml has changed\n" in said
    assert "dev.compute: the plan differs: " in said
    checkout.replace(tuple(reversed(ANOTHER_OWNER)))  # type: ignore[arg-type]


def what_was_approved_runs(checkout: Checkout, rehearsal: Rehearsal, seal: Path, record: str) -> None:
    file = checkout.root / "stacks" / "changes" / f"{record}.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**data, "decision": {"state": "approved", "by": "jane"}}), encoding="utf-8")
    said = slipway(rehearsal, "up", "dev", "compute", "--approved", str(seal), "--record", record)
    assert "updated" in said
    assert slipway(rehearsal, "change", "list") == f"{record}: closed by jane\n"
    assert layers(reviewed(rehearsal, "--format", "json", code=NOT_PREVIEWABLE))[0]["verdict"] == "no change"


def a_state_that_moved_is_refused(rehearsal: Rehearsal, seal: Path) -> None:
    said = slipway(rehearsal, "up", "dev", "compute", "--approved", str(seal), code=2)
    assert "dev.compute: its state has changed since the review (another run)\n" in said
    assert "review it again, and have that approved" in said
    broken = seal.read_text(encoding="utf-8").replace("dev.compute", "dev.cluster", 1)
    seal.write_text(broken, encoding="utf-8")
    assert str(seal) in slipway(rehearsal, "up", "dev", "compute", "--approved", str(seal), code=2)
