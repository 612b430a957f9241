"""No secret is ever seen: a known password is planted, then everything that anybody could read is searched for it."""

from __future__ import annotations

import base64
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from rehearsal.session import Rehearsal

pytestmark = pytest.mark.rehearsal


class ArgumentWatch(threading.Thread):
    """Reads the arguments of all processes, over and over, until it is told to stop."""

    def __init__(self, canary: bytes) -> None:
        super().__init__()
        self.canary = canary
        self.seen: list[bytes] = []
        self.rounds = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.02):
            self.rounds += 1
            for arguments in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    text = arguments.read_bytes()
                except OSError:
                    continue  # the process has ended meanwhile
                if self.canary in text:
                    self.seen.append(text)


def test_password_is_found_nowhere(rehearsal: Rehearsal) -> None:
    canary = rehearsal.layout.password_file.read_bytes()
    watch = ArgumentWatch(canary)
    watch.start()
    commands = [
        ("up", "dev", "compute", "--yes"),
        ("preview", "dev", "compute"),
        ("refresh", "dev", "compute"),
        ("status", "dev"),
    ]
    said = [rehearsal.slipway(*command) for command in commands]
    said.append(rehearsal.run(["pulumi", "preview", "-s", "dev.compute", "--diff", "--json", "--non-interactive"]))
    said.append(rehearsal.run(["pulumi", "stack", "export", "-s", "dev.compute"]))
    said.append(rehearsal.run(["pulumi", "stack", "output", "-s", "dev.compute", "--json"]))
    said.append(rehearsal.slipway("destroy", "dev", "compute", "--yes"))
    watch.over.set()
    watch.join()
    assert [done.returncode for done in said] == [0] * len(said), [done.stderr for done in said]
    spellings = (canary, base64.b64encode(canary))
    for done in said:
        output = (done.stdout + done.stderr).encode()
        assert not any(spelling in output for spelling in spellings), done.args
    assert watch.rounds > 10
    assert watch.seen == []
    kept = [file for file in rehearsal.layout.folder.rglob("*") if file.is_file() and not file.is_symlink()]
    assert any(file.is_relative_to(rehearsal.layout.state) for file in kept)
    leaks = [
        str(file)
        for file in kept
        if file != rehearsal.layout.password_file and any(spelling in file.read_bytes() for spelling in spellings)
    ]
    assert leaks == []
