"""The command: `python -m tools.install [--group GROUP ...] [--all] [--list] [PROGRAM ...]`."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from tools.install.catalog import Catalog, Program, read_catalog
from tools.install.errors import InstallError
from tools.install.installer import Installer, Outcome
from tools.install.places import find_places
from tools.install.ways import MODES, Mode

_EXIT_MENDABLE = 2
_EXIT_TERMINATED = 143


def main(arguments: Sequence[str]) -> int:
    """Install what `arguments` ask for and return the exit code: 2 when a person has to do something."""
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `... | head` is no bug
    try:
        return _run(arguments)
    except InstallError as error:
        sys.stderr.write(f"{error}\n")
        return _EXIT_MENDABLE
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: what was finished stays, the rest is done by the next run\n")
        return 130


def _run(arguments: Sequence[str]) -> int:
    places = find_places(os.environ)
    catalog = read_catalog(places.catalog)
    options = _parse(arguments, catalog)
    programs = _select(catalog, options)
    installer = Installer(places, _mode())
    if options.list:
        _print_list(catalog, installer)
        return 0
    if all(installer.is_there(program) for program in programs):
        sys.stdout.write(f"all {len(programs)} programs are in place in {places.bin}\n")
        return 0
    outcomes = installer.install(programs)
    _print_table(outcomes)
    return _report_problems(outcomes, options.program)


def _parse(arguments: Sequence[str], catalog: Catalog) -> argparse.Namespace:
    groups = sorted({program.group for program in catalog.programs.values()})
    parser = argparse.ArgumentParser(
        prog="python -m tools.install",
        description="Bring the programs Slipway needs into .tools/bin.",
        epilog="SLIPWAY_TOOLS=auto (the default) downloads official releases and builds what it can't fetch; "
        "=build builds everything from package registries; =download builds nothing.",
    )
    parser.add_argument("program", nargs="*", help="only these programs (see --list)")
    parser.add_argument("--group", action="append", default=[], choices=groups, help="all programs of a group")
    parser.add_argument("--all", action="store_true", help="all programs")
    parser.add_argument("--list", action="store_true", help="show all programs and which are in place")
    return parser.parse_args(arguments)


def _select(catalog: Catalog, options: argparse.Namespace) -> list[Program]:
    unknown = [name for name in options.program if name not in catalog.programs]
    if unknown:
        raise InstallError(f"unknown program {', '.join(unknown)}: there are {', '.join(catalog.programs)}")
    groups = options.group or ([] if options.program else catalog.default)
    return [
        program
        for program in catalog.programs.values()
        if options.all or program.group in groups or program.name in options.program
    ]


def _mode() -> Mode:
    wanted = os.environ.get("SLIPWAY_TOOLS") or "auto"
    for mode in MODES:
        if mode == wanted:
            return mode
    raise InstallError(f"SLIPWAY_TOOLS is {wanted}: set it to {', '.join(MODES)}, or unset it")


def _print_list(catalog: Catalog, installer: Installer) -> None:
    for program in catalog.programs.values():
        state = "in place" if installer.is_there(program) else "-"
        sys.stdout.write(f"{program.name:<28}{program.version:<14}{program.group:<12}{state}\n")


def _print_table(outcomes: Sequence[Outcome]) -> None:
    sys.stdout.write(f"\n{'program':<28}{'version':<14}{'':<18}seconds\n")
    for program, how, seconds, _ in outcomes:
        sys.stdout.write(f"{program.name:<28}{program.version:<14}{how or 'NOT INSTALLED':<18}{seconds:>7.0f}\n")


def _report_problems(outcomes: Sequence[Outcome], named: Sequence[str]) -> int:
    """Write each problem once, with its programs, and return the exit code.

    An optional program that nobody named is no failure.
    """
    by_problem: dict[str, list[Program]] = {}
    for outcome in outcomes:
        if outcome.problem:
            by_problem.setdefault(outcome.problem, []).append(outcome.program)
    for problem, programs in by_problem.items():
        sys.stderr.write(f"{', '.join(program.name for program in programs)}: {problem}\n")
    failed = [program for programs in by_problem.values() for program in programs]
    return _EXIT_MENDABLE if any(not program.optional or program.name in named for program in failed) else 0


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(_EXIT_TERMINATED)  # unwinds, so that nothing half-made stays


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
