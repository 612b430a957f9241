"""How an interrupted program's process ends: after the program's own clean-up, at once and silently."""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

_EXIT_CODE = 130


def raise_on_first_interrupt() -> None:
    """Make the first interrupt raise KeyboardInterrupt; later ones don't tear its clean-up."""

    # The engine interrupts the whole process group and the host interrupts its program: both arrive.
    def raise_once(_signal: int, _frame: FrameType | None) -> NoReturn:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, raise_once)


def leave(code: int = _EXIT_CODE) -> NoReturn:
    """End the process without waiting for threads, which wait for answers that the engine no longer gives."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
