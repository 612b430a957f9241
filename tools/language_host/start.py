"""What the host tells the process that runs the user's program."""

import json
from typing import NamedTuple

ERROR_ALREADY_SHOWN = 32
"""Exit code of a program whose error the engine has already been told: the host adds nothing to it."""


class ProgramStart(NamedTuple):
    """Settings of one run; addresses are "host:port".

    Configuration is not among them: it holds secrets, so it travels in the environment.
    """

    host_pid: int
    monitor: str
    engine: str
    project: str
    stack: str
    organization: str
    parallel: int
    dry_run: bool
    root_directory: str
    working_directory: str
    program: str
    arguments: list[str]

    def to_json(self) -> str:
        """Return one line that `from_json` reads back."""
        return json.dumps(self._asdict())

    @classmethod
    def from_json(cls, text: str) -> "ProgramStart":
        """Return what `to_json` wrote. Raises TypeError when fields are missing or unknown."""
        return cls(**json.loads(text))
