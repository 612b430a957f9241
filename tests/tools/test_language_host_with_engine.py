"""The language host under the real engine."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.conftest import ROOT

ENGINE = ROOT / ".tools" / "bin" / "pulumi"

pytestmark = [
    pytest.mark.rehearsal,
    pytest.mark.skipif(not ENGINE.exists(), reason="the engine is not installed: make tools"),
]


class Project:
    """A project with a program and one stack, whose host is the one of this repository."""

    def __init__(self, root: Path) -> None:
        self.root = root
        programs = root / "bin"
        programs.mkdir()
        # The engine warns of a language host on PATH that is not the one beside itself.
        self.engine = programs / "pulumi"
        try:
            os.link(ENGINE, self.engine)
        except OSError:  # another device
            shutil.copy2(ENGINE, self.engine)
        host = programs / "pulumi-language-python"
        host.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT}/tools/language_host/__main__.py "$@"\n')
        host.chmod(0o755)
        (root / "Pulumi.yaml").write_text(
            f"name: small\nruntime: {{name: python, options: {{virtualenv: {sys.prefix}}}}}\n"
            f"backend: {{url: 'file://{root}'}}\n"
        )
        self.environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(root),
            "PULUMI_HOME": str(root / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        }
        self.pulumi("stack", "init", "dev")

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [self.engine, "--non-interactive", "--color=never", *arguments],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def pulumi(self, *arguments: str) -> str:
        return self.start(*arguments).communicate()[0]

    def processes(self) -> list[int]:
        """Return the processes that belong to runs of this project."""
        mark = f"HOME={self.root}\0".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
        return found


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_a_program_exports_what_it_computes(project: Project) -> None:
    (project.root / "own.py").write_text("ANSWER = 42\n")
    (project.root / "__main__.py").write_text("import pulumi, own\npulumi.export('answer', own.ANSWER)\n")
    output = project.pulumi("up", "--yes", "--skip-preview")
    assert "answer: 42" in output
    assert project.pulumi("stack", "output", "answer") == "42\n"


def test_a_failing_program_is_shown_once_and_without_machinery(project: Project) -> None:
    (project.root / "__main__.py").write_text("pools = {}\nprint(pools['gpu'])\n")
    output = project.pulumi("preview")
    assert output.partition("Diagnostics:\n")[2].partition("\n\n")[0] == (
        "  pulumi:pulumi:Stack (small-dev):\n"
        "    error: Traceback (most recent call last):\n"
        '      File "__main__.py", line 2, in <module>\n'
        "        print(pools['gpu'])\n"
        "    KeyError: 'gpu'"
    )


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_engine(project: Project, end: signal.Signals) -> None:
    (project.root / "__main__.py").write_text(
        "import pathlib, time\npathlib.Path('running').touch()\ntime.sleep(600)\n"
    )
    engine = project.start("up", "--yes", "--skip-preview")
    wait_until((project.root / "running").exists)
    assert len(project.processes()) > 1
    engine.send_signal(end)
    output = engine.communicate()[0]
    assert engine.returncode != 0
    assert ("update canceled" in output) == (end == signal.SIGINT)
    wait_until(lambda: project.processes() == [])
