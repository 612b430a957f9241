"""The process that runs the user's program, seen from the host."""

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.language_host.interpreter import Interpreter
from tools.language_host.start import ProgramStart

_PROGRAM = Path(__file__).with_name("program.py")
_SECONDS_TO_END = 2.0


class Child:
    """A started program. It writes to the host's own standard output and error."""

    def __init__(
        self,
        interpreter: Interpreter,
        start: ProgramStart,
        config: Mapping[str, str],
        secret_keys: Sequence[str],
    ) -> None:
        """Start the program; `config` maps "namespace:key" to values, `secret_keys` names the secret ones."""
        self.ended_by_us = False
        self._process = subprocess.Popen(
            [interpreter.executable, "-u", _PROGRAM, start.to_json()],
            stdin=subprocess.DEVNULL,
            env=interpreter.environment(os.environ)
            | {
                "PULUMI_CONFIG": json.dumps(dict(config)),
                "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(secret_keys)),
            },
        )

    def wait(self) -> int:
        """Return the exit code, once there is one."""
        return self._process.wait()

    def end(self) -> None:
        """Ask a living program to stop as Ctrl-C does; kill it when it is still there 2 seconds later."""
        if self._process.poll() is not None:
            return
        self.ended_by_us = True
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
