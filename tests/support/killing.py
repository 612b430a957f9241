"""Killing a run at a known point."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.errors import StepFailed
from rehearsal.session import slipway_command
from tests.support.state import planned_machines, recorded_machines

if TYPE_CHECKING:
    import subprocess

    from rehearsal.control import Phase
    from rehearsal.session import Rehearsal

HALF_WRITTEN = "failed to load checkpoint: EOF"
PATIENCE = 60.0  # seconds until a call has to be held


def killed_run(rehearsal: Rehearsal, environment: str, method: str, name: str, phase: Phase) -> None:
    """Start `up`, and kill it with everything that it started once a call to vCenter is held and the rest is done.

    `name` is what the call is about; the other machines have to be recorded before, if it is a machine.
    """
    hold = rehearsal.control.hold(method, name, phase)
    planned = planned_machines(rehearsal, environment)
    kill_when_held(rehearsal, environment, hold, planned - {name} if name in planned else set())
    if phase == "before":
        rehearsal.control.wait_until_dropped(hold, PATIENCE)
    rehearsal.control.release_all()


def kill_when_held(rehearsal: Rehearsal, environment: str, hold: str, recorded: set[str]) -> None:
    """Start `up`, wait until a call is held and some machines are recorded, and kill it."""
    log = rehearsal.layout.folder / "killed.log"
    with log.open("w", encoding="utf-8") as output:
        run = rehearsal.popen(slipway_command("up", environment, "--yes"), stdout=output, stderr=output)
        try:
            rehearsal.control.wait_until_held(hold, PATIENCE)
        except StepFailed as failed:
            pytest.fail(f"{failed}\n{log.read_text(encoding='utf-8')}\n{rehearsal.layout.log_file.read_text()}")
        _wait_until_recorded(rehearsal, environment, recorded)
        for process in _descendants(run.pid):  # the engine before its plugins: else it may still note that one is gone
            os.kill(process, signal.SIGKILL)
        run.wait()


def kill_when_pending(run: subprocess.Popen[str], rehearsal: Rehearsal, stack: str) -> None:
    """Kill a run's whole process group at a moment when the stack's state notes that something is being made.

    The group is stopped for each look, so that what was seen is still so when it is killed.
    """
    file = rehearsal.layout.state / ".pulumi" / "stacks" / "slipway" / f"{stack}.json"
    deadline = time.monotonic() + PATIENCE
    while True:
        assert run.poll() is None, f"{stack}: the run ended before anything was noted as being made"
        assert time.monotonic() < deadline, f"{stack}: nothing was noted as being made within {PATIENCE} seconds"
        os.killpg(run.pid, signal.SIGSTOP)
        if _notes_pending(file):
            break
        os.killpg(run.pid, signal.SIGCONT)
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def _notes_pending(file: Path) -> bool:
    try:
        checkpoint = json.loads(file.read_text(encoding="utf-8"))["checkpoint"]
    except ValueError:  # stopped in the middle of a write
        return False
    return bool((checkpoint.get("latest") or {}).get("pending_operations"))


def _descendants(process: int) -> list[int]:
    """Return a process and all that it started, as they are now."""
    found = [process]
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            found += _descendants(int(child))
    return found


def _wait_until_recorded(rehearsal: Rehearsal, environment: str, machines: set[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while machines and not machines <= _recorded_meanwhile(rehearsal, environment):
        assert time.monotonic() < deadline, f"{machines} were not recorded within {PATIENCE} seconds"


def _recorded_meanwhile(rehearsal: Rehearsal, environment: str) -> set[str]:
    """Return the names of recorded machines; none while the engine is just writing its state, which can't be read."""
    try:
        return set(recorded_machines(rehearsal, environment))
    except AssertionError as error:
        if HALF_WRITTEN not in str(error):
            raise
        return set()
