"""Which Python runs the user's program, and with which environment."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class MissingVirtualenvError(Exception):
    """The virtual environment that Pulumi.yaml names is not there."""


class Interpreter(NamedTuple):
    """A Python with its installed packages; `prefix` is the (virtual) environment it lives in."""

    executable: Path
    prefix: Path

    def version(self) -> str:
        """Return the version, such as "3.11.7"; starts the interpreter when it is not this process's own."""
        code = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
        if self.prefix == Path(sys.prefix):
            return ".".join(map(str, sys.version_info[:3]))
        return subprocess.run([self.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    def site_packages(self) -> list[Path]:
        """Return the folders that hold the installed packages."""
        if self.prefix == Path(sys.prefix):
            return sorted({Path(sysconfig.get_path(key)) for key in ("purelib", "platlib")})
        return sorted(self.prefix.glob("lib/python*/site-packages"))

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return `base` changed the way the environment's `activate` script would change it."""
        changed = {name: value for name, value in base.items() if name != "PYTHONHOME"}
        changed["VIRTUAL_ENV"] = str(self.prefix)
        changed["PATH"] = os.pathsep.join([str(self.prefix / "bin"), base.get("PATH", os.defpath)])
        return changed


def choose_interpreter(root: Path, virtualenv: str) -> Interpreter:
    """Return the Python of `virtualenv` (relative to the project's `root`), or the host's own if it is empty.

    Raises MissingVirtualenvError when the named virtual environment has no Python.
    """
    own = Interpreter(Path(sys.executable), Path(sys.prefix))
    if not virtualenv:
        return own
    prefix = Path(os.path.normpath(root / virtualenv))
    if prefix == own.prefix:
        return own
    executable = prefix / "bin" / "python"
    if not executable.exists():
        raise MissingVirtualenvError(
            f"there is no virtual environment in {prefix}: make it (`python3 -m venv {prefix}`) and install "
            f"the project's requirements into it, or correct runtime.options.virtualenv in Pulumi.yaml"
        )
    return Interpreter(executable, prefix)
