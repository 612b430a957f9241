"""One machine that runs: its namespaces, its cable, its files; powered on and off."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.layout import ROOT, TOOLS
from rehearsal.machines.description import FILE
from rehearsal.machines.network import plug_in, pull_out, set_link
from rehearsal.machines.places import HYPERVISOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.machines.description import Description

_OWN = ["--net", "--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
_OWN_ROOT = Path(__file__).with_name("own_root.sh")
_NAMESPACE_SECONDS = 5.0


class Machine:
    """A machine that was powered on, at a time that vCenter tells. Its files stay in `folder` until `discard`."""

    def __init__(self, folder: Path, described: Description, boot_time: str) -> None:
        self.described = described
        self.boot_time = boot_time
        self.folder = folder / described.uuid
        self._cable = f"m{described.uuid.replace('-', '')[:12]}"
        self._connected = True
        self._heard: dict[str, str] = {}
        self._process = self._power_on()

    @property
    def root(self) -> Path:
        """The machine's root file system, as this side sees it: only `etc` and `var` are its own."""
        return self.folder / "root"

    def runs(self) -> bool:
        """Whether it is on."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """Return the last line on its console."""
        lines = (self.folder / "console.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def new_words(self) -> dict[str, str]:
        """Return what the machine tells the hypervisor and nobody has `heard` yet, by key."""
        folder = self.root / HYPERVISOR.relative_to("/")
        now = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("guestinfo.*")}
        return {key: value for key, value in now.items() if self._heard.get(key) != value}

    def heard(self, words: Mapping[str, str]) -> None:
        """Note what has been passed on."""
        self._heard.update(words)

    def connect(self, *, connected: bool) -> None:
        """Plug its cable in or out, as its network adapter is in vCenter now."""
        if connected != self._connected:
            set_link(self._cable, up=connected)
            self._connected = connected

    def power_off(self) -> None:
        """Switch it off hard: everything in it ends at once."""
        if self.runs():
            self._process.send_signal(signal.SIGKILL)  # unshare takes its child along, and that all the others
            self._process.wait()
        pull_out(self._cable)

    def discard(self) -> None:
        """Remove its files."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _power_on(self) -> subprocess.Popen[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "machine.json"
        file.write_text(self.described.as_json(), encoding="utf-8")
        boot = [sys.executable, "-m", "rehearsal.machines.boot", str(file)]
        variables = {
            **{name: value for name, value in os.environ.items() if name != "SSL_CERT_FILE"},  # the machine room's own
            "PYTHONPATH": str(ROOT),
            "SLIPWAY_ROOT": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SLIPWAY_PYTHON": sys.executable,
            "SLIPWAY_TOOLS_BIN": str(TOOLS / "bin"),
            FILE: str(file),
            "TMPDIR": "/run/tmp",
        }
        with (self.folder / "console.log").open("ab") as console:
            process = subprocess.Popen(
                ["unshare", *_OWN, "--", str(_OWN_ROOT), str(self.folder), *boot],
                env=variables,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        try:
            self._wait_for_namespace(process)
            plug_in(self._cable, process.pid)
        except BaseException:
            process.kill()
            process.wait()
            raise
        return process

    def _wait_for_namespace(self, process: subprocess.Popen[bytes]) -> None:
        own = Path("/proc/self/ns/net").readlink()
        deadline = time.monotonic() + _NAMESPACE_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            if Path(f"/proc/{process.pid}/ns/net").readlink() != own:
                return
            time.sleep(0.005)
        raise RuntimeError(f"{self.described.name}: it got no network namespace; see {self.folder / 'console.log'}")
