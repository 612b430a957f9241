"""Unpacks a Debian package and runs its Python program in an environment of its own. Nothing is installed."""

import os
import shlex
import shutil
import sys
import venv
from pathlib import Path

from tools.install.catalog import Debian
from tools.install.errors import InstallError
from tools.install.running import Log, Waiting, run
from tools.install.store import write_whole

_NEEDED = ("apt-get", "dpkg-deb")
_PYTHON_PACKAGES = "usr/lib/python3/dist-packages"


def unpack(root: Path, program: Debian, folder: Path, log: Log, waiting: Waiting) -> None:
    """Fill `folder` with the package's files (`root/`) and a Python environment (`python/`).

    Raises InstallError when this is no Debian system, its package lists are empty, or fetching fails.
    """
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing:
        raise InstallError(f"needs {' and '.join(missing)}: it is taken from the packages of Debian or Ubuntu")
    _unpack_package(program.package, folder, log, waiting)
    python = folder / "python"
    venv.create(python, symlinks=True)
    requirements = root / program.requirements
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python / "bin" / "python",
        "install",
        "--require-hashes",
    ]
    if run([*pip, "-r", requirements], folder, os.environ, log, waiting) != 0:
        raise log.failure("its Python packages can't be installed")


def place_launcher(program: Debian, folder: Path, file: Path) -> None:
    """Write `file`, which runs the program unpacked in `folder`."""
    for site_packages in (folder / "python").glob("lib/python*/site-packages"):
        (site_packages / "unpacked.pth").write_text(f"{folder / 'root' / _PYTHON_PACKAGES}\n", encoding="utf-8")
    python = folder / "python" / "bin" / "python"
    write_whole(file, f'#!/bin/sh\nexec {shlex.quote(str(python))} -m {program.module} "$@"\n', 0o755)


def _unpack_package(package: str, folder: Path, log: Log, waiting: Waiting) -> None:
    download = ["apt-get", "download", package]
    if run(download, folder, os.environ, log, waiting) != 0:
        if os.geteuid() != 0:
            raise log.failure(f"apt-get can't download {package}: run `sudo apt-get update` once, then try again")
        if run(["apt-get", "update"], folder, os.environ, log, waiting) != 0:
            raise log.failure("`apt-get update` failed")
        if run(download, folder, os.environ, log, waiting) != 0:
            raise log.failure(f"apt-get can't download {package}")
    archive = next(folder.glob(f"{package}_*.deb"))
    if run(["dpkg-deb", "-x", archive, folder / "root"], folder, os.environ, log, waiting) != 0:
        raise log.failure(f"{archive.name} can't be unpacked")
    archive.unlink()
