"""Whose lock it is: released when its owner is gone, respected when it may live."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from infra.errors import NotPossibleHere
from infra.operate import locks

if TYPE_CHECKING:
    from pathlib import Path

    from infra.operate.engine import LayerStack


class Stack:
    """As much of a stack as a lock is about."""

    name = "dev.compute"


def lock(folder: Path, process: int, host: str) -> Path:
    file = folder / ".pulumi" / "locks" / "organization" / "slipway" / "dev.compute" / "one.json"
    file.parent.mkdir(parents=True)
    content = {"pid": process, "username": "ops", "hostname": host, "timestamp": "2026-11-23T10:00:00.5+00:00"}
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LayerStack:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    return Stack()  # type: ignore[return-value]


def test_lock_of_a_process_that_is_gone_is_released(
    stack: LayerStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    file = lock(tmp_path, ended.pid, socket.gethostname())
    locks.release_stale_locks(stack)
    assert not file.exists()
    assert capsys.readouterr().out == (
        f"dev.compute: released the lock of a run that was killed (process {ended.pid} of ops on "
        f"{socket.gethostname()}, since 2026-11-23 10:00:00)\n"
    )


def test_lock_of_a_process_that_is_no_engine_any_more_is_released(stack: LayerStack, tmp_path: Path) -> None:
    """Process ids are used again: this test's own process lives, and is no engine."""
    file = lock(tmp_path, os.getpid(), socket.gethostname())
    locks.release_stale_locks(stack)
    assert not file.exists()


def test_lock_from_another_machine_is_respected(stack: LayerStack, tmp_path: Path) -> None:
    file = lock(tmp_path, 4711, "another-machine")
    with pytest.raises(NotPossibleHere) as refused:
        locks.release_stale_locks(stack)
    assert str(refused.value) == (
        "dev.compute: locked by process 4711 of ops on another-machine, since 2026-11-23 10:00:00, which can't be "
        "checked from here; wait for that run, or if it is dead: pulumi cancel -s dev.compute"
    )
    assert file.exists()


@pytest.mark.usefixtures("stack")
def test_what_a_killed_run_left_half_written_beside_the_state_is_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stacks = tmp_path / ".pulumi" / "stacks" / "slipway"
    stacks.mkdir(parents=True)
    kept = {
        "dev.compute.json": "{}",
        "dev.cluster.json.attrs": '{"user.cache_control": ""}',
        "prod.compute.json.attrs": "",
    }
    for name, text in {**kept, "dev.compute.json.attrs": "", "dev.compute.json.bak.attrs": '{"user'}.items():
        (stacks / name).write_text(text, encoding="utf-8")
    with locks.only_run("dev", "up"):
        pass
    assert {file.name: file.read_text(encoding="utf-8") for file in stacks.iterdir()} == kept
    assert capsys.readouterr().out.splitlines() == [
        f"dev: removed dev.compute.json.{name}, which a killed run left half written; the state is not touched"
        for name in ("attrs", "bak.attrs")
    ]
