"""Decides for each program which way it takes, and takes it."""

import time
from collections.abc import Iterable
from typing import NamedTuple

from tools.install import store
from tools.install.catalog import Program
from tools.install.errors import InstallError, NotReachableError
from tools.install.golang import go_version
from tools.install.places import Places
from tools.install.progress import Progress
from tools.install.running import Log
from tools.install.stamp import Stamp
from tools.install.ways import Mode, Way, ways

ALREADY_THERE = "already there"
FROM_CACHE = "from the cache"


class Outcome(NamedTuple):
    """What became of a program: how it got here, or the problem that kept it away; `seconds` it took."""

    program: Program
    how: str
    seconds: float
    problem: str = ""


class Installer:
    """Installs programs into one checkout. `mode` says whether official releases are downloaded."""

    def __init__(self, places: Places, mode: Mode) -> None:
        places.tools.mkdir(parents=True, exist_ok=True)
        self._places = places
        self._mode = mode
        self._stamp = self._read_stamp()
        self._go_version = go_version(places.tools / "go-version.json")

    def ways(self, program: Program) -> list[Way]:
        """Return the ways that are open to `program`, the preferred one first."""
        return ways(self._places, program, self._mode, self._go_version)

    def is_there(self, program: Program) -> bool:
        """Tell whether `program` is in place, whole, and the one that this checkout wants."""
        installed = self._stamp.get(program.name)
        if self._comes_with_release(program):
            return True
        return (
            installed is not None
            and any(way.key == installed.key for way in self.ways(program))
            and installed.is_whole()
        )

    def install(self, programs: Iterable[Program]) -> list[Outcome]:
        """Put all `programs` in place, telling how it goes; a problem with one keeps no other away."""
        wanted = list(programs)
        progress = Progress(sum(not self.is_there(program) for program in wanted))
        waiting = f"another installation into {self._places.tools} is under way: waiting for it"
        with store.locked(self._places.tools / "install.lock", lambda: progress.say(waiting)):
            self._stamp = self._read_stamp()
            return [self._install(program, progress) for program in wanted]

    def _read_stamp(self) -> Stamp:
        return Stamp(self._places.tools / "installed.json", self._places.bin)

    def _install(self, program: Program, progress: Progress) -> Outcome:
        if self.is_there(program):
            return Outcome(program, ALREADY_THERE, 0)
        started = time.monotonic()
        with progress.program():
            try:
                how, reason = self._take_a_way(program, progress)
            except InstallError as error:
                return Outcome(program, "", time.monotonic() - started, str(error))
        seconds = time.monotonic() - started
        progress.say(f"{program.name} {program.version}: {how} in {seconds:.0f} s{reason}")
        return Outcome(program, how, seconds)

    def _take_a_way(self, program: Program, progress: Progress) -> tuple[str, str]:
        """Return how `program` got here, and in brackets why it was not the preferred way."""
        open_ways = self.ways(program)
        log = Log(self._places.logs / f"{program.name}.log")
        for way in open_ways:
            if way.is_ready():
                self._remember(program, way, log, progress)
                return (FROM_CACHE if program.go or program.release else way.done), ""
        reasons: list[str] = []
        for way in open_ways:
            progress.start(f"{way.doing} {program.name} {program.version}")
            try:
                self._remember(program, way, log, progress)
            except NotReachableError as error:
                reasons.append(str(error))
            except InstallError as error:
                raise InstallError("; ".join([*reasons, str(error)])) from error
            else:
                return way.done, f" ({'; '.join(reasons)})" if reasons else ""
        if not open_ways:
            reasons.append(f"SLIPWAY_TOOLS={self._mode} leaves no way to get it")
        raise InstallError("; ".join(reasons))

    def _remember(self, program: Program, way: Way, log: Log, progress: Progress) -> None:
        files = way.put(log, progress.waiting)
        self._stamp.set(program.name, way.done, way.key, files)

    def _comes_with_release(self, program: Program) -> bool:
        if program.launcher is None:
            return False
        whole = self._stamp.get(program.launcher.part_of)
        return whole is not None and str(self._places.bin / program.name) in whole.files and whole.is_whole()
