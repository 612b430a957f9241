"""The Pulumi engine, through its Automation API: which stack, and what its failures mean."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pulumi import automation

from infra.catalog import ROOT
from infra.errors import MissingConfig, NotPossibleHere, StepFailed
from infra.for_real import check_in_this_rehearsal
from infra.operate.backend import check_plugin, engine_variables, find_engine, passphrase_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.handover import Layer
    from infra.operate.interrupted import Deployment
    from infra.vsphere.session import Credentials


# What the engine says of a state that it can't read, and what to do, by stack, environment and place of the passphrase.
_UNREADABLE = {
    "snapshot integrity": (
        "the engine wrote its state in the wrong order; mend it: pulumi state repair -s {stack}, "
        "and run the command again"
    ),
    "failed to load checkpoint: EOF": (
        "a run is writing its state right now, or was killed while it did; ./slipway up {environment} mends the latter"
    ),
    "incorrect passphrase": (
        "its secrets were encrypted with another passphrase than the one in {passphrase}; put the right one there"
    ),
}


@dataclass(frozen=True)
class LayerStack:
    """The stack of one layer of one environment."""

    environment: str
    layer: Layer
    handle: automation.Stack

    @property
    def name(self) -> str:
        """The stack's name, `<environment>.<layer>`."""
        return self.handle.name

    def credentials(self, environment: Environment) -> Credentials:
        """Return how to log in to the environment's vCenter. Raises `MissingConfig`."""
        from infra.vsphere.session import Credentials  # noqa: PLC0415 - a quiet preview does without pyvmomi

        with engine_step(self, "reading its settings"):
            config = self.handle.get_all_config()
        values = []
        for key, option in (("vsphere:user", ""), ("vsphere:password", "--secret ")):
            if key not in config:
                raise MissingConfig(self.name, key, f"pulumi config set {option}{key} -s {self.name}")
            values.append(config[key].value)
        return Credentials(environment.vcenter.server, *values)

    def exported(self) -> dict[str, Any]:
        """Return the stack's state, with its secrets encrypted as they are kept. Raises `StepFailed`."""
        state: dict[str, Any] = json.loads(self._pulumi("export"))
        return state

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs, with its secrets in the clear. Raises `StepFailed`.

        The Automation API asks twice, once to tell which are secret.
        """
        found: dict[str, Any] = json.loads(self._pulumi("output", "--json", "--show-secrets"))
        return found

    def replace_state(self, exported: dict[str, Any], deployment: Deployment) -> None:
        """Write another deployment in the place of an exported one. Raises `StepFailed`.

        It goes by standard input: nothing of it stays in a temporary file or an argument.
        """
        self._pulumi("import", stdin=json.dumps({**exported, "deployment": deployment}))

    def destroy_protected(self, *, preview_only: bool) -> None:
        """Delete everything, or show what that would be, whatever is protected; the state stays as it is until then.

        The Automation API has no word for it. Raises `StepFailed`.
        """
        how = ["--preview-only"] if preview_only else ["--skip-preview", "--yes"]
        command = ["pulumi", "destroy", "--ignore-protect", *how, "--color", colour(), "--stack", self.name]
        done = subprocess.run(
            [*command, "--non-interactive"], check=False, cwd=ROOT, env={**os.environ, **engine_variables(self.name)}
        )
        if done.returncode != 0:
            raise StepFailed(f"{self.name}: destroy", "failed; the engine's messages stand above")

    def _pulumi(self, verb: str, *options: str, stdin: str = "") -> str:
        done = subprocess.run(
            ["pulumi", "stack", verb, *options, "--stack", self.name, "--non-interactive"],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            env={**os.environ, **engine_variables(self.name)},
        )
        if done.returncode != 0:
            raise StepFailed(f"{self.name}: {verb} of its state", _reason(done.stderr, self.name))
        return done.stdout


def open_stack(environment: str, layer: Layer, *, create: bool) -> LayerStack | None:
    """Return the stack of a layer; one that isn't there yet is created, or with `create=False` is None.

    Raises `MissingProgram` without the engine, `NotPossibleHere` without a passphrase, and `StepFailed` when the
    state can't be reached or read.
    """
    name = f"{environment}.{layer}"
    check_in_this_rehearsal(environment)
    variables = engine_variables(name)
    find_engine()
    options = automation.LocalWorkspaceOptions(
        work_dir=str(ROOT), env_vars=variables, pulumi_command=_engine(shutil.which("pulumi") or "")
    )
    try:
        handle = automation.select_stack(name, work_dir=str(ROOT), opts=options)
    except automation.StackNotFoundError:
        if not create:
            return None
        handle = _created(name, options)
    except automation.CommandError as error:
        raise StepFailed(name, _reason(str(error), name)) from None
    return LayerStack(environment, layer, handle)


@cache
def _engine(_: str) -> automation.PulumiCommand:
    """Return the engine, whose version is asked once for each place that it is in."""
    return automation.PulumiCommand()


def stack_with_login(environment: str) -> LayerStack:
    """Return the stack of an environment's compute layer, which has its login.

    Raises `NotPossibleHere` when there is none yet, and what `open_stack` raises.
    """
    stack = open_stack(environment, "compute", create=False)
    if stack is None:
        name = f"{environment}.compute"
        fix = f"pulumi stack init {name}, then set vsphere:user and vsphere:password"
        raise NotPossibleHere(name, "there is no such stack yet, so no login", fix)
    return stack


def _created(name: str, options: automation.LocalWorkspaceOptions) -> automation.Stack:
    try:
        return automation.create_stack(name, work_dir=str(ROOT), opts=options)
    except automation.CommandError as error:
        raise StepFailed(f"{name}: creating the stack", _reason(str(error), name)) from None


@contextmanager
def _interruptible(stack: LayerStack, step: str) -> Iterator[None]:
    """Wait for the engine's own end when a person presses Ctrl-C.

    The engine gets it, too, and ends what it has begun; a second one ends it at once. Raises `StepFailed` then.
    """
    interrupted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: interrupted.append(number))
    try:
        yield
    except (automation.ConcurrentUpdateError, automation.CommandError):
        if not interrupted:
            raise
    finally:
        signal.signal(signal.SIGINT, before)
    if interrupted:
        reason = "interrupted; what had begun is finished or recorded, run the command again to go on"
        raise StepFailed(f"{stack.name}: {step}", reason)


@contextmanager
def engine_step(stack: LayerStack, step: str) -> Iterator[None]:
    """Turn the engine's failure into one line; what it had to say has been printed as it said it.

    Raises `StepFailed`, also when a person interrupted it, or `MissingProgram` when it has no vSphere plugin.
    """
    try:
        with _interruptible(stack, step):
            yield
    except automation.ConcurrentUpdateError:
        fix = f"another run holds the stack; wait for it, or see: pulumi cancel -s {stack.name}"
        raise StepFailed(f"{stack.name}: {step}", fix) from None
    except automation.CommandError as error:
        check_plugin(str(error))
        raise StepFailed(f"{stack.name}: {step}", _reason(str(error), stack.name)) from None


def show_output(text: str) -> None:
    """Print what the engine says, as it says it."""
    print(text, flush=True)


def show_error(text: str) -> None:
    """Print what the engine says on standard error."""
    print(text, file=sys.stderr, flush=True)


def colour() -> str:
    """Return the engine's colour setting for this process's output."""
    return "always" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else "never"


def _reason(said: str, stack: str) -> str:
    """Return what the engine said last of what is wrong, without its frame, or what mends a state it can't read."""
    for words, fix in _UNREADABLE.items():
        if words in said:
            place = passphrase_place(stack)
            return fix.format(stack=stack, environment=stack.rpartition(".")[0], passphrase=place)
    details = re.findall(r"^\s*\* (.+)$", said, re.MULTILINE)
    errors = [each for each in re.findall(r"error: (.+)$", said, re.MULTILINE) if not each.endswith("occurred:")]
    found = details or errors
    return f"failed: {found[-1].strip()}" if found else "failed; the engine's messages stand above"
