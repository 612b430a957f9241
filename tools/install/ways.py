"""The ways in which a program can get into `.tools/bin`."""

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Literal, Protocol

from tools.install import store
from tools.install.catalog import Debian, GoBuild, Launcher, Plugin, Program, Release
from tools.install.content import build_key, release_key, text_key
from tools.install.errors import InstallError, NotReachableError
from tools.install.places import Places
from tools.install.running import Log, Waiting, run

Mode = Literal["auto", "build", "download"]
MODES: tuple[Mode, ...] = ("auto", "build", "download")


class Way(Protocol):
    """One way for one program. `key` is the digest of what would be installed."""

    key: str
    doing: str
    done: str

    def is_ready(self) -> bool:
        """Tell whether `put` takes no time: everything is on this machine already."""

    def put(self, log: Log, waiting: Waiting) -> list[Path]:
        """Put the program's files in place and return them. Raises InstallError."""


class BuildWay:
    """Compiles a Go module."""

    doing, done = "building", "built"

    def __init__(self, places: Places, program: Program, build: GoBuild, go_version: str) -> None:
        self.key = build_key(places.root, build, go_version)
        self._places, self._program, self._build = places, program, build
        self._folder = store.program_folder(places.cache, program.name, program.version, self.key)

    def is_ready(self) -> bool:
        """Tell whether the same content was built before."""
        return self._folder.is_dir()

    def put(self, log: Log, waiting: Waiting) -> list[Path]:
        """Build it unless the cache has it, and link it."""

        def make(folder: Path) -> None:
            from tools.install.golang import build  # noqa: PLC0415 - not on the way of a run with nothing to do

            build(self._places.root, self._program.name, self._build, folder, log, waiting)

        store.keep(self._folder, self._program.name, make)
        return store.link(self._folder, self._places.bin)


class DownloadWay:
    """Downloads an official release."""

    doing, done = "downloading", "downloaded"

    def __init__(self, places: Places, program: Program, release: Release) -> None:
        self.key = release_key(release)
        self._places, self._program, self._release = places, program, release
        self._folder = store.program_folder(places.cache, program.name, program.version, self.key)

    def is_ready(self) -> bool:
        """Tell whether it was downloaded before."""
        return self._folder.is_dir()

    def put(self, log: Log, waiting: Waiting) -> list[Path]:  # noqa: ARG002 - no command runs
        """Download and verify it unless the cache has it, and link it."""

        def make(folder: Path) -> None:
            from tools.install.fetching import fetch  # noqa: PLC0415 - slow

            fetch(self._release, self._program.name, folder, waiting)

        store.keep(self._folder, self._program.name, make)
        return store.link(self._folder, self._places.bin)


class PluginWay:
    """Has the engine download an official plugin into the engine's own folder."""

    doing, done = "downloading", "downloaded"
    server = "https://get.pulumi.com"

    def __init__(self, places: Places, plugin: Plugin) -> None:
        self.key = text_key(plugin.name, plugin.version)
        self._places, self._plugin = places, plugin
        home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
        folder = home / "plugins" / f"resource-{plugin.name}-v{plugin.version}"
        self._file = folder / f"pulumi-resource-{plugin.name}"

    def is_ready(self) -> bool:
        """Tell whether the engine has it."""
        return self._file.is_file()

    def put(self, log: Log, waiting: Waiting) -> list[Path]:
        """Download it unless the engine has it."""
        if not self.is_ready():
            self._download(log, waiting)
        return [self._file]

    def _download(self, log: Log, waiting: Waiting) -> None:
        from tools.install.fetching import check_reachable  # noqa: PLC0415 - slow

        own = self._places.bin / "pulumi"
        engine = str(own) if own.exists() else shutil.which("pulumi")
        if engine is None:
            raise InstallError("the engine downloads its plugins itself: install the program `pulumi` first")
        check_reachable(self.server)
        command = [engine, "plugin", "install", "resource", self._plugin.name, self._plugin.version]
        if run(command, self._places.root, os.environ, log, waiting) != 0 or not self.is_ready():
            raise NotReachableError(str(log.failure("the engine can't download it")))


class DebianWay:
    """Unpacks a Debian package."""

    doing, done = "unpacking", "unpacked"

    def __init__(self, places: Places, program: Program, debian: Debian) -> None:
        requirements = (places.root / debian.requirements).read_text(encoding="utf-8")
        self.key = text_key(debian.package, debian.module, requirements, sys.version)
        self._places, self._debian, self._file = places, debian, places.bin / program.name
        self._folder = places.tools / program.name / self.key[:12]

    def is_ready(self) -> bool:
        """Tell whether it was unpacked before."""
        return self._folder.is_dir()

    def put(self, log: Log, waiting: Waiting) -> list[Path]:
        """Unpack it unless it is, and write its launcher."""
        from tools.install import debian  # noqa: PLC0415 - not on the way of a run with nothing to do

        def make(folder: Path) -> None:
            debian.unpack(self._places.root, self._debian, folder, log, waiting)

        store.keep(self._folder, self._debian.package, make)
        for outdated in self._folder.parent.iterdir():
            if outdated.is_dir() and outdated != self._folder:
                shutil.rmtree(outdated)
        debian.place_launcher(self._debian, self._folder, self._file)
        return [self._file]


class LauncherWay:
    """Writes a launcher of a program of this repository."""

    doing, done = "writing", "written"

    def __init__(self, places: Places, program: Program, launcher: Launcher) -> None:
        self._text = f'#!/bin/sh\nexec {shlex.join([sys.executable, str(places.root / launcher.script)])} "$@"\n'
        self._file = places.bin / program.name
        self.key = text_key(self._text)

    def is_ready(self) -> bool:
        """Tell that this takes no time."""
        return True

    def put(self, log: Log, waiting: Waiting) -> list[Path]:  # noqa: ARG002 - nothing runs
        """Write it."""
        store.write_whole(self._file, self._text, 0o755)
        return [self._file]


def ways(places: Places, program: Program, mode: Mode, go_version: str) -> list[Way]:
    """Return the ways for `program` that `mode` allows, the preferred one first."""
    downloads: list[Way] = []
    if program.release:
        downloads.append(DownloadWay(places, program, program.release))
    if program.plugin:
        downloads.append(PluginWay(places, program.plugin))
    builds: list[Way] = [BuildWay(places, program, program.go, go_version)] if program.go else []
    locals_: list[Way] = []
    if program.debian:
        locals_.append(DebianWay(places, program, program.debian))
    if program.launcher:
        locals_.append(LauncherWay(places, program, program.launcher))
    chosen = {"auto": [*downloads, *builds], "build": builds, "download": downloads}[mode]
    return [*locals_, *chosen]
