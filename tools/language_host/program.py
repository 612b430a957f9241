"""Runs the user's program: `python program.py START`, where START is the JSON of a `ProgramStart`."""

import sys
from pathlib import Path

# Started by its path, with the interpreter of the program's own environment, from any folder.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.language_host.interrupt import leave, raise_on_first_interrupt
from tools.language_host.parent import die_with
from tools.language_host.start import ProgramStart


def main() -> None:
    """Run the program; exit 0, or 32 when it failed and the engine was told why."""
    raise_on_first_interrupt()
    start = ProgramStart.from_json(sys.argv[1])
    die_with(start.host_pid)
    try:
        from tools.language_host.execution import execute  # noqa: PLC0415 - slow, and interrupts are silent here

        sys.path[0] = start.root_directory
        code = execute(start)
    except KeyboardInterrupt:
        leave()
    # The engine has all there is to say; an orderly end of the interpreter would take another 0.3 seconds.
    leave(code)


if __name__ == "__main__":
    main()
