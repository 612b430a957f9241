"""The main job: an environment comes up for real on a simulated vCenter, is looked at, and goes away again."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.errors import StepFailed
from rehearsal.layout import TOOLS
from rehearsal.observe import Observed
from rehearsal.report import Report, Step, show_report
from rehearsal.session import Rehearsal, rehearsing, running, slipway_command

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Steps:
    """Does steps one after the other and notes how long each took."""

    def __init__(self) -> None:
        self.done: list[Step] = []

    @contextmanager
    def step(self, name: str, outcome: str) -> Iterator[None]:
        """Announce a step, time it, note its outcome."""
        print(f"\n==> {name}", flush=True)
        begun = time.monotonic()
        yield
        self.done.append(Step(name, outcome, time.monotonic() - begun))


def rehearse_environment(environment: str, *, keep: bool) -> None:
    """Bring an environment up, preview it again, report, and take it down; with `keep` leave it running instead.

    Raises `StepFailed` when a step does; the rehearsal ends then, too.
    """
    steps = _Steps()
    begun = time.monotonic()
    print(f"==> start of the simulated vCenter for {environment}", flush=True)
    with rehearsing(environment, keep=keep) as rehearsal:
        steps.done.append(Step("start", "simulated vCenter and empty stacks", time.monotonic() - begun))
        rehearsal.control.reset_calls()
        with steps.step("up", "all layers there are"):
            _slipway(rehearsal, "up", environment, "--yes")
        calls = sum(rehearsal.control.calls().values())
        with steps.step("second preview", "nothing to change"):
            _slipway(rehearsal, "preview", environment, "--expect-no-changes")
        machines = _observed(rehearsal)
        if not keep:
            with steps.step("destroy", "no machine is left"):
                _slipway(rehearsal, "destroy", environment, "--yes")
            _check_nothing_left(rehearsal)
        show_report(_report(rehearsal, machines, steps.done, calls))
        if keep:
            _say_how_to_look_inside(rehearsal)


def _report(rehearsal: Rehearsal, machines: list[Observed], steps: list[Step], calls: int) -> Report:
    # the official language host has a helper beside it, ours has none
    official = (TOOLS / "bin" / "pulumi-language-python-exec").exists()
    return Report(
        environment=rehearsal.layout.environment,
        machines=machines,
        steps=steps,
        plugin=rehearsal.plugin,
        engine_version=rehearsal.run(["pulumi", "version"]).stdout.strip(),
        language_host="the official one" if official else "Slipway's own",
        calls=calls,
    )


def open_shell(environment: str) -> int:
    """Open a shell in the running rehearsal, or in a new one that ends with the shell; return its exit code."""
    shell = os.environ.get("SHELL", "/bin/sh")
    prompt = {"PS1": f"(rehearsal of {environment}) $ "}
    try:
        rehearsal = running(environment)
    except Exception as none_running:
        if not getattr(none_running, "for_people", False):
            raise
        with rehearsing(environment) as rehearsal:
            _say_what_there_is(rehearsal)
            return rehearsal.popen([shell], env=prompt).wait()
    return rehearsal.popen([shell], env=prompt).wait()


def stop_rehearsal(environment: str) -> None:
    """End a rehearsal that was left running. Raises `NotPossibleHere` when there is none."""
    running(environment).end()
    print(f"The rehearsal of {environment} has ended.")


def _slipway(rehearsal: Rehearsal, *arguments: str) -> None:
    process = rehearsal.popen(slipway_command(*arguments), stdin=sys.stdin)
    if process.wait() != 0:
        raise StepFailed(f"rehearsal: slipway {' '.join(arguments)}", f"ended with exit code {process.returncode}")


def _observed(rehearsal: Rehearsal) -> list[Observed]:
    done = rehearsal.run([sys.executable, "-m", "rehearsal.observe", rehearsal.layout.environment])
    if done.returncode != 0:
        raise StepFailed("rehearsal: reading the machines over the vSphere API", done.stderr.strip())
    return [Observed(**entry) for entry in json.loads(done.stdout)]


def _check_nothing_left(rehearsal: Rehearsal) -> None:
    left = [machine.path for machine in rehearsal.control.machines() if not machine.template]
    if left:
        raise StepFailed("rehearsal: destroy", f"left machines behind: {', '.join(left)}")


def _say_how_to_look_inside(rehearsal: Rehearsal) -> None:
    environment = rehearsal.layout.environment
    print(f"\nIt is still running. Look inside:  ./slipway rehearse {environment} --shell")
    _say_what_there_is(rehearsal)
    print(f"End it:                            ./slipway rehearse {environment} --stop")


def _say_what_there_is(rehearsal: Rehearsal) -> None:
    environment = rehearsal.layout.environment
    print(f"  inside:  pulumi preview -s {environment}.compute     pulumi stack -s {environment}.compute")
    print(f"           ./slipway up {environment}     ./slipway status {environment}")
