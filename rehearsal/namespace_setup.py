"""What a rehearsal's first process does to its own namespaces: loopback up, the vCenter's address, files in place."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

from pyroute2 import IPRoute

if TYPE_CHECKING:
    from pathlib import Path

_BIND = 4096  # MS_BIND of mount(2)
_LOOPBACK_INDEX = 1


def bring_up_loopback(address: str) -> None:
    """Bring up the loopback device and give it one more address."""
    with IPRoute() as route:
        route.link("set", index=_LOOPBACK_INDEX, state="up")
        route.addr("add", index=_LOOPBACK_INDEX, address=address, prefixlen=32)


def put_in_place_of(original: Path, replacement: Path) -> None:
    """Let a file show another file's content, in this mount namespace only. Raises `OSError`."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.mount(os.fsencode(replacement), os.fsencode(original), None, _BIND, None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount: {os.strerror(number)}", str(original))


def end_with_parent() -> None:
    """Have the kernel end this process when the one that started it ends."""
    death_signal, kill = 1, 9  # PR_SET_PDEATHSIG of prctl(2), SIGKILL
    ctypes.CDLL(None, use_errno=True).prctl(death_signal, kill)
