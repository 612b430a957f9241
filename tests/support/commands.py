"""What tests type inside a rehearsal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearsal.session import Rehearsal


def slipway(rehearsal: Rehearsal, *arguments: str, code: int = 0) -> str:
    """Run the `slipway` command, assert its exit code, and return all that it said."""
    done = rehearsal.slipway(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr
