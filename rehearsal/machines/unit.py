"""Runs a unit that first boot wrote, as systemd would: its condition, its program, again when it fails."""

from __future__ import annotations

import configparser
import shlex
import subprocess
import sys
import time
from pathlib import Path

_LONGEST_PAUSE = 2.0  # seconds between two tries; the unit's own would make rehearsals slow


def main(name: str) -> None:
    """Run the program of a unit until it succeeds."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(Path("/etc/systemd/system") / name, encoding="utf-8")
    condition = unit["Unit"].get("conditionpathexists", "")
    if condition.startswith("!") and Path(condition[1:]).exists():
        return
    command = shlex.split(unit["Service"]["execstart"])
    if command[0] == "/usr/bin/python3":
        command[0] = sys.executable  # this computer's own may be too old, or not there
    pause = min(float(unit["Service"].get("restartsec", "1")), _LONGEST_PAUSE)
    while subprocess.run(command, check=False).returncode != 0:
        time.sleep(pause)


if __name__ == "__main__":
    main(sys.argv[1])
