"""States that the engine can't read: named with what mends them, and mended by it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.state import MACHINE, assert_all_agree

if TYPE_CHECKING:
    from pathlib import Path

    from rehearsal.session import Rehearsal

pytestmark = pytest.mark.rehearsal


def state_file(rehearsal: Rehearsal) -> Path:
    return rehearsal.layout.folder / "state" / ".pulumi" / "stacks" / "slipway" / "dev.compute.json"


def slipway(rehearsal: Rehearsal, *arguments: str, code: int = 0) -> str:
    done = rehearsal.slipway(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def disordered(text: str) -> str:
    """Return a state in which a machine stands before everything that it depends on."""
    state = json.loads(text)
    resources = state["checkpoint"]["latest"]["resources"]
    machine = next(each for each in resources if each["type"] == MACHINE)
    state["checkpoint"]["latest"]["resources"] = [machine, *(each for each in resources if each is not machine)]
    return json.dumps(state)


def test_unreadable_states(rehearsal: Rehearsal) -> None:
    """One rehearsal, step by step; each step begins where the one before ended."""
    slipway(rehearsal, "up", "dev", "compute", "--yes")
    half_written_beside_it(rehearsal)
    in_the_wrong_order(rehearsal)


def half_written_beside_it(rehearsal: Rehearsal) -> None:
    state_file(rehearsal).with_name("dev.compute.json.attrs").write_text("", encoding="utf-8")
    assert slipway(rehearsal, "status", "dev", code=1) == (
        "dev.compute: a run is writing its state right now, or was killed while it did; "
        "./slipway up dev mends the latter\n"
    )
    said = slipway(rehearsal, "up", "dev", "compute", "--yes")
    assert "dev: removed dev.compute.json.attrs, which a killed run left half written; the state is not touched" in said
    assert_all_agree(rehearsal)


def in_the_wrong_order(rehearsal: Rehearsal) -> None:
    file = state_file(rehearsal)
    file.write_text(disordered(file.read_text(encoding="utf-8")), encoding="utf-8")
    said = slipway(rehearsal, "up", "dev", "compute", "--yes", code=1)
    assert said.splitlines()[-1].endswith(
        "the engine wrote its state in the wrong order; mend it: pulumi state repair -s dev.compute, "
        "and run the command again"
    )
    repaired = rehearsal.run(["pulumi", "state", "repair", "-s", "dev.compute", "--yes", "--non-interactive"])
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    slipway(rehearsal, "up", "dev", "compute", "--yes")
    assert_all_agree(rehearsal)
    slipway(rehearsal, "preview", "dev", "compute", "--expect-no-changes")
