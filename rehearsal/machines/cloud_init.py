"""cloud-init on a machine: its own schema and its own module for files, where it has been installed; else played.

Everything else that it does is `boot`'s. The real one has a Python of its own, which `cloud_init_driver` runs in.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from rehearsal.machines.places import TOOLS_BIN

_DRIVER = Path(__file__).with_name("cloud_init_driver.py")


def take_user_data(text: str, *, first_boot: bool) -> dict[str, Any]:
    """Check user data and return what it says; at the first boot its files are written. Ends the boot when refused."""
    found: dict[str, Any]
    python = cloud_init_python(TOOLS_BIN / "cloud-init")
    if python is None:
        print("cloud-init is not installed: its files are written without it, and its schema is not asked", flush=True)
        found = YAML(typ="safe", pure=True).load(text)
        if first_boot:
            write_files(found.get("write_files", []))
        return found
    command = [python, "-I", str(_DRIVER), *(["--write-files"] if first_boot else [])]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"cloud-init refuses the user data: {' '.join(done.stderr.split())}")
    found = json.loads(done.stdout)
    return found


def write_files(files: list[dict[str, Any]]) -> None:
    """Play cloud-init's module: text, permissions, appending."""
    for each in files:
        target = Path(each["path"])
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a" if each.get("append") else "w", encoding="utf-8") as file:
            file.write(each["content"])
        target.chmod(int(each["permissions"], 8))


def cloud_init_python(launcher: Path) -> str | None:
    """Return the Python that has cloud-init, as the launcher's second line names it, or None without one."""
    if not launcher.exists():
        return None
    return shlex.split(launcher.read_text(encoding="utf-8").splitlines()[1])[1]
