"""Static pods as plain processes: each manifest's own command line, started again when it ends or changes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rehearsal.machines.places import LOGS, PATH

if TYPE_CHECKING:
    from pathlib import Path

_PAUSE = 0.3
_BACK_OFF = 1.0  # seconds before a process that ended is started again


class StaticPods:
    """Keeps the processes of a folder's manifests running."""

    def __init__(self, manifests: Path) -> None:
        self._manifests = manifests
        self._running: dict[str, tuple[str, subprocess.Popen[bytes]]] = {}
        self._not_before: dict[str, float] = {}

    def run(self) -> None:
        """Look at the folder again and again."""
        while True:
            try:
                self.look()
            except (OSError, YAMLError, KeyError, TypeError) as error:  # half written, or just removed
                print(f"static pods: {type(error).__name__}: {error}", flush=True)
            time.sleep(_PAUSE)

    def look(self) -> None:
        """Bring the processes to what the folder says now."""
        wanted = {file.stem: file.read_text(encoding="utf-8") for file in sorted(self._manifests.glob("*.yaml"))}
        for name, (text, process) in list(self._running.items()):
            if wanted.get(name) != text:
                process.terminate()
                process.wait()
                del self._running[name]
            elif process.poll() is not None:
                print(f"{name} ended with {process.returncode}", flush=True)
                self._not_before[name] = time.monotonic() + _BACK_OFF
                del self._running[name]
        for name, text in wanted.items():
            if name not in self._running and time.monotonic() >= self._not_before.get(name, 0.0):
                self._start(name, text)

    def _start(self, name: str, text: str) -> None:
        manifest = YAML(typ="safe", pure=True).load(text)
        if not manifest:
            return  # it is just being written
        with (LOGS / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                _command(manifest),
                env={**os.environ, "PATH": PATH},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._running[name] = (text, process)


def _command(manifest: dict[str, Any]) -> list[str]:
    """Return the command line of a static pod; kube-vip's place is taken by a played one."""
    container = manifest["spec"]["containers"][0]
    if container["name"] != "kube-vip":
        return [*container["command"], *container.get("args", [])]
    address = next(each["value"] for each in container["env"] if each["name"] == "address")
    return [sys.executable, "-m", "rehearsal.machines.kube_vip", address]
