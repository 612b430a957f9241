"""Where a machine of a rehearsal keeps what is played of it."""

from __future__ import annotations

import os
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]  # a rehearsal's Layout knows more than what runs on a machine has room for
LOGS = Path("/var/log/slipway")  # inside a machine
UNITS = Path("/run/slipway-units")
PLAYED = _ROOT / "rehearsal" / "machines" / "played"
TOOLS_BIN = _ROOT / ".tools" / "bin"
PATH = os.pathsep.join([str(PLAYED), str(TOOLS_BIN), "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
KUBERNETES = Path("/etc/kubernetes")
# What the programs of a node leave on it, where the real ones do:
NETWORK_CONFIGURATION = Path("/etc/cni/net.d/05-cilium.conflist")
NETWORK_AGENT = Path("/run/cilium/cilium.sock")
GPU_DRIVER = Path("/run/nvidia/validations/driver-ready")
DEVICE_PLUGIN = Path("/run/kubelet/device-plugins/nvidia-gpu.sock")  # in memory: a kubelet forgets them at its start
GPU_FEATURES = KUBERNETES / "node-feature-discovery" / "features.d" / "gfd"
HYPERVISOR = Path("/var/lib/slipway-hypervisor")  # what the machine says to it, a file per key


def note_skipped(what: str) -> None:
    """Note a step that needs an operating system and was not done."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / "skipped.log").open("a", encoding="utf-8") as file:
        file.write(f"{what}\n")


def touch(file: Path) -> None:
    """Let an empty file be there."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def remove(file: Path) -> None:
    """Let a file not be there."""
    file.unlink(missing_ok=True)
