"""What the tests of the language host and of the installer share."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Plays the compiler: it notes how it was called, and "builds" a script that says which sources it was made of.
PLAYED_GO = """#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/calls"
case "$1" in
env) cat "$here/version" ;;
build)
    if [ -e "$here/failure" ]; then cat "$here/failure" >&2; exit 1; fi
    while [ "$1" != -o ]; do shift; done
    echo "half" > "$2"
    if [ -e "$here/slow" ]; then echo $$ > "$here/building"; exec sleep 600; fi
    { echo '#!/bin/sh'; echo "echo played program of $(cat main.go | cksum)"; } > "$2"
    ;;
esac
"""


class PlayedGo:
    """A folder for PATH with a compiler that is played."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        (folder / "go").write_text(PLAYED_GO)
        (folder / "go").chmod(0o755)
        (folder / "version").write_text("go1.26.0\n")

    def calls(self) -> list[str]:
        """Return the commands it was called with, without their arguments."""
        file = self.folder / "calls"
        return [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []


class Checkout:
    """A checkout that has the installer, one small Go module, and the programs a test gives it."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self.root = root
        self.environment = environment
        shutil.copytree(ROOT / "tools" / "install", root / "tools" / "install")
        shutil.copy(ROOT / "tools" / "__init__.py", root / "tools" / "__init__.py")
        self.module = root / "tools" / "small"
        self.module.mkdir()
        (self.module / "go.mod").write_text("module small\n\ngo 1.25.0\n\nrequire example.org/small v1.2.3\n")
        (self.module / "main.go").write_text("package main\n\nfunc main() {}\n")
        self.programs(BUILT)

    def programs(self, entries: str) -> None:
        """Make `entries` the programs of tools.yaml."""
        text = f"default: [engine]\nprograms:\n{entries}"
        (self.root / "tools" / "tools.yaml").write_text(text)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tools.install", *arguments]

    def install(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run the installer."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def progress(self, *arguments: str, **variables: str) -> list[str]:
        """Run the installer, which must succeed, and return the lines about single programs, without times."""
        answer = self.install(*arguments, **variables)
        assert answer.returncode == 0, answer.stderr
        lines = answer.stdout.partition("\n\n")[0].splitlines()
        return [re.sub(r" in \d+ s", "", line) for line in lines]

    def run(self, program: str) -> str:
        """Return what an installed program prints."""
        file = self.root / ".tools" / "bin" / program
        return subprocess.run([file], capture_output=True, text=True, check=True).stdout


BUILT = """
  small:
    group: engine
    version: 1.2.3
    go: {module: tools/small, pinned: example.org/small, package: .}
"""


@pytest.fixture
def played_go(tmp_path: Path) -> PlayedGo:
    return PlayedGo(tmp_path / "played-go")


@pytest.fixture
def environment(tmp_path: Path, played_go: PlayedGo) -> dict[str, str]:
    """The variables of a person without proxies, whose cache and home are empty."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    own = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "cache"), "SLIPWAY_TOOLS": "build"}
    return kept | own | {"PATH": f"{played_go.folder}:/usr/bin:/bin"}


@pytest.fixture
def checkout(tmp_path: Path, environment: dict[str, str]) -> Checkout:
    return Checkout(tmp_path / "checkout", environment)
