"""Which vSphere plugin a rehearsal uses: the official one where it is installed, else the one for rehearsals."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from infra.errors import MissingProgram
from rehearsal.vsphere_plugin.schema import types_file, write_types

EXECUTABLE = "pulumi-resource-vsphere"


@dataclass(frozen=True)
class Plugin:
    """A vSphere plugin: the folder of its executable, and whether it is the official one or the played one."""

    kind: Literal["official", "played"]
    folder: Path

    def install(self, pulumi_home: Path) -> None:
        """Put the plugin where the engine of a rehearsal looks for it: into that rehearsal's own Pulumi home."""
        _link(pulumi_home, "vsphere", self.folder / EXECUTABLE)

    @property
    def description(self) -> str:
        """What a report calls it."""
        if self.kind == "official":
            return "the official vSphere plugin"
        return "Slipway's own vSphere plugin for rehearsals, played after the official one"


def find_plugin(root: Path) -> Plugin:
    """Return the official plugin if this machine has it in the version of the Python package, else the played one.

    It is looked for in the folder that `SLIPWAY_VSPHERE_PLUGIN` names (`played` asks for the played one), in Pulumi's
    plugin folder and on PATH.
    """
    asked = os.environ.get("SLIPWAY_VSPHERE_PLUGIN", "")
    if asked != "played":
        for folder in _official_folders(asked):
            if (folder / EXECUTABLE).is_file():
                return Plugin("official", folder)
    return Plugin("played", _played_folder(root))


def install_kubernetes_plugin(root: Path, pulumi_home: Path) -> None:
    """Put Pulumi's own Kubernetes plugin where the engine of a rehearsal looks for it. Raises `MissingProgram`."""
    executable = "pulumi-resource-kubernetes"
    folder = f"resource-kubernetes-v{version('pulumi-kubernetes')}"
    downloaded = Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi")) / "plugins" / folder / executable
    for file in (root / ".tools" / "bin" / executable, downloaded):
        if file.exists():
            _link(pulumi_home, "kubernetes", file.resolve())
            return
    raise MissingProgram("Pulumi's Kubernetes plugin", "run: make tools")


def _link(pulumi_home: Path, name: str, executable: Path) -> None:
    folder = pulumi_home / "plugins" / f"resource-{name}-v{version(f'pulumi-{name}')}"
    folder.mkdir(parents=True)
    (folder / f"pulumi-resource-{name}").symlink_to(executable)


def _official_folders(asked: str) -> list[Path]:
    if asked:
        return [Path(asked).resolve()]
    home = Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi"))
    on_path = shutil.which(EXECUTABLE)
    folders = [home / "plugins" / f"resource-vsphere-v{version('pulumi-vsphere')}"]
    return [*folders, Path(on_path).parent] if on_path else folders


def _played_folder(root: Path) -> Path:
    """Return the folder of the played plugin's executable, where nothing but a rehearsal looks for it."""
    folder = root / ".tools" / "rehearsal" / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    home = (root / ".tools").resolve().parent  # checkouts may share the folder: what stands in it is one for all
    python = Path(sys.executable).parent.resolve() / Path(sys.executable).name
    text = f'#!/bin/sh\nPYTHONPATH="{home}" exec "{python}" -m rehearsal.vsphere_plugin "$@"\n'
    if not types_file().exists():
        write_types(types_file())
    executable = folder / EXECUTABLE
    if not executable.exists() or executable.read_text(encoding="utf-8") != text:
        executable.write_text(text, encoding="utf-8")
        executable.chmod(0o755)
    return folder
