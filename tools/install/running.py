"""Runs long commands: their output goes to a log, and somebody is told again and again that they run."""

import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.install.errors import InstallError

Waiting = Callable[[], None]
"""Called several times a second while something long runs."""

_SECONDS_BETWEEN_CALLS = 0.2
_SECONDS_TO_END = 5.0
_LINES_SHOWN = 30


class Log:
    """A file with the output of one program's commands, started anew."""

    def __init__(self, file: Path) -> None:
        """Empty `file`."""
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")

    def text(self) -> str:
        """Return all of it."""
        return self.file.read_text(encoding="utf-8", errors="replace")

    def failure(self, what: str) -> InstallError:
        """Return the error that says `what` is wrong, with the last lines of output and where all are."""
        last = "\n".join(self.text().splitlines()[-_LINES_SHOWN:])
        return InstallError(f"{what}; the last lines of {self.file}:\n{last}")


def run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], log: Log, waiting: Waiting) -> int:
    """Run `command` in `folder`, its output appended to `log`, and return its exit code.

    When this process is interrupted meanwhile, so is the command.
    """
    with log.file.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            while True:
                try:
                    return process.wait(_SECONDS_BETWEEN_CALLS)
                except subprocess.TimeoutExpired:
                    waiting()
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
