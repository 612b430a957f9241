"""One line per program: alive while it is worked on, and what became of it."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

_SECONDS_BETWEEN_LINES = 30


class Progress:
    """Tells how far an installation of `total` programs is: a live line on a terminal, else plain lines."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._number = 0
        self._text = ""
        self._started = 0.0
        self._next_line = 0.0
        self._status: Status | None = None
        self._terminal: Console | None = None

    @contextmanager
    def program(self) -> Iterator[None]:
        """Count one more program."""
        self._number += 1
        try:
            yield
        finally:
            self._end_live_line()

    def start(self, text: str) -> None:
        """Begin something long, such as "building pulumi 3.259.0"."""
        self._end_live_line()
        self._text = f"{text} ({self._number} of {self._total})"
        self._started = time.monotonic()
        self._next_line = _SECONDS_BETWEEN_LINES
        if sys.stdout.isatty():
            self._status = self._console().status(self._text)
            self._status.start()
        else:
            self.say(self._text)

    def waiting(self) -> None:
        """Show that it is still going on; called as often as one likes."""
        elapsed = time.monotonic() - self._started
        if self._status is not None:
            minutes, seconds = divmod(int(elapsed), 60)
            self._status.update(f"{self._text} elapsed {minutes:02}:{seconds:02}")
        elif elapsed >= self._next_line:
            self._next_line += _SECONDS_BETWEEN_LINES
            self.say(f"{self._text}: {elapsed:.0f} s")

    def say(self, line: str) -> None:
        """Show a line that stays."""
        if self._status is not None:
            self._console().print(line, highlight=False, markup=False, soft_wrap=True)
        else:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()

    def _end_live_line(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _console(self) -> "Console":
        if self._terminal is None:
            from rich.console import Console  # noqa: PLC0415 - slow, and most runs have nothing to show

            self._terminal = Console()
        return self._terminal
