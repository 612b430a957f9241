"""Where a machine of a rehearsal keeps what is played of it."""

from __future__ import annotations

import os
from pathlib import Path

from rehearsal.layout import ROOT, TOOLS

LOGS = Path("/var/log/slipway")  # inside a machine
UNITS = Path("/run/slipway-units")
PLAYED = ROOT / "rehearsal" / "machines" / "played"
PATH = os.pathsep.join([str(PLAYED), str(TOOLS / "bin"), "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
KUBERNETES = Path("/etc/kubernetes")
HYPERVISOR = Path("/var/lib/slipway-hypervisor")  # what the machine says to it, a file per key


def note_skipped(what: str) -> None:
    """Note a step that needs an operating system and was not done."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / "skipped.log").open("a", encoding="utf-8") as file:
        file.write(f"{what}\n")
