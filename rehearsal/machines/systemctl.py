"""The played `systemctl` of a machine: it knows the kubelet and the units that first boot wrote, and notes the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from rehearsal.machines.places import LOGS, PATH, UNITS, note_skipped

_WRITTEN = Path("/etc/systemd/system")  # where first boot writes units
_NOT_ACTIVE = 3  # systemctl's exit code
_ENABLED = UNITS.with_name("enabled-units")


def main(arguments: list[str]) -> int:
    """Do what is asked and return systemctl's exit code."""
    words = [word for word in arguments if not word.startswith("-")]
    verb, units = (words[0], words[1:]) if words else ("", [])
    if verb == "boot":
        return max((_do("start", unit.name) for unit in sorted(_WRITTEN.glob("slipway-*.service"))), default=0) or (
            _do("start", "kubelet") if Path("/var/lib/kubelet/config.yaml").exists() else 0
        )
    if not units:
        return 0  # daemon-reload and the like
    return max(_do(verb, unit) for unit in units)


def _do(verb: str, unit: str) -> int:
    name = unit.removesuffix(".service")
    program = _program(name)
    if program is None or verb not in ("start", "stop", "restart", "is-active", "status"):
        note_skipped(f"systemctl {verb} {unit}")
        return 0
    if verb in ("stop", "restart"):
        _stop(name)
    if verb in ("start", "restart") and _process(name) is None:
        _start(name, program)
    if verb in ("is-active", "status"):
        return 0 if _process(name) is not None else _NOT_ACTIVE
    return 0


def _program(name: str) -> list[str] | None:
    """Return the command line that plays a unit, or None for one that is not played."""
    if name == "kubelet":
        return [sys.executable, "-m", "rehearsal.machines.kubelet"]
    if (_WRITTEN / f"{name}.service").exists():
        return [sys.executable, "-m", "rehearsal.machines.unit", f"{name}.service"]
    return None


def _process(name: str) -> int | None:
    try:
        process = int((UNITS / name).read_text(encoding="ascii"))
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(") ")[2]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state.startswith("Z") else process


def _start(name: str, program: list[str]) -> None:
    UNITS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{name}.log").open("a", encoding="utf-8") as log:
        process = subprocess.Popen(
            program,
            env={**os.environ, "PATH": PATH},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    (UNITS / name).write_text(str(process.pid), encoding="ascii")


def _stop(name: str) -> None:
    process = _process(name)
    if process is not None:
        os.killpg(process, signal.SIGTERM)
    (UNITS / name).unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
