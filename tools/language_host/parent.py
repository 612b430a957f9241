"""Ends a process when the one that started it is gone."""

import os
import threading
import time

_SECONDS_BETWEEN_LOOKS = 0.2


def wait_for_end(parent: int, ending: threading.Event) -> None:
    """Return when `ending` is set or `parent` (a process id) is no longer this process's parent."""
    # The kernel's parent-death signal would come earlier, but it follows the parent's thread, not its
    # process, and the threads of the engine and the host come and go.
    while os.getppid() == parent and not ending.wait(_SECONDS_BETWEEN_LOOKS):
        pass


def die_with(parent: int) -> None:
    """End this process at once, from a thread of its own, when `parent` is no longer its parent."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()
