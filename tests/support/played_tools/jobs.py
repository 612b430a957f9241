"""The setup scripts, run as their Jobs run them: in one folder, with a file and an environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.render import TEMPLATES
from tests.support.played_tools.server import ADMIN, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS = 60


@dataclass
class Job:
    """A script and what is given to it; `secrets` are environment variables."""

    folder: Path
    script: str
    url: str
    secrets: dict[str, str] = field(default_factory=dict)
    deadline: float = 10
    user: str = ADMIN

    @classmethod
    def of(cls, folder: Path, script: str, url: str, secrets: dict[str, str]) -> Job:
        for layer in ("platform", "toolchain"):
            for path in (TEMPLATES / layer / "setup").glob("*.py"):
                shutil.copy(path, folder / path.name)
        return cls(folder, script, url, secrets)

    @contextmanager
    def started(self, desired: Any) -> Iterator[subprocess.Popen[str]]:
        (self.folder / "desired.json").write_text(json.dumps(desired), encoding="utf-8")
        environment = {
            "PATH": os.environ["PATH"],
            "SETUP_URL": self.url,
            "SETUP_USER": self.user,
            "SETUP_PASSWORD": PASSWORD,
            "SETUP_DESIRED": str(self.folder / "desired.json"),
            "SETUP_DEADLINE_SECONDS": str(self.deadline),
            **self.secrets,
        }
        command = [sys.executable, "-B", str(self.folder / self.script)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, text=True, env=environment, **pipes) as process:  # type: ignore[call-overload]
            try:
                yield process
            finally:
                process.kill()

    def run(self, desired: Any) -> tuple[int, str]:
        """Run the script; return its exit code and everything it printed, in which no secret may be."""
        with self.started(desired) as process:
            return self.ended(process)

    def ended(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        out, err = process.communicate(timeout=SECONDS)
        for name, value in {**self.secrets, "SETUP_PASSWORD": PASSWORD}.items():
            assert not value or value not in out + err, name
        assert "Traceback" not in err, err
        return process.returncode, out + err
