"""The Pulumi engine, through its Automation API: which stack, and what its failures mean."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulumi import automation

from infra.catalog import ROOT
from infra.errors import MissingConfig, StepFailed
from infra.operate.backend import check_plugin, engine_variables, find_engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.model.environment import Environment
    from infra.model.handover import Layer
    from infra.operate.interrupted import Deployment
    from infra.vsphere.session import Credentials


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

    def replace_state(self, exported: dict[str, Any], deployment: Deployment) -> None:
        """Write another deployment in the place of an exported one. Raises `StepFailed`.

        It goes by standard input: nothing of it stays in a temporary file or an argument.
        """
        self._pulumi("import", json.dumps({**exported, "deployment": deployment}))

    def unprotect(self) -> None:
        """Take the protection from everything that is recorded; the next `up` puts it back. Raises `StepFailed`."""
        self._pulumi("unprotect", arguments=("--all", "--yes"), noun="state")

    def _pulumi(self, verb: str, stdin: str = "", *, arguments: Sequence[str] = (), noun: str = "stack") -> str:
        done = subprocess.run(
            ["pulumi", noun, verb, *arguments, "--stack", self.name, "--non-interactive"],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            env={**os.environ, **engine_variables(self.name)},
        )
        if done.returncode != 0:
            raise StepFailed(f"{self.name}: {verb} of its state", _reason(done.stderr))
        return done.stdout


def open_stack(environment: str, layer: Layer, *, create: bool) -> LayerStack | None:
    """Return the stack of a layer; one that isn't there yet is created, or with `create=False` is None.

    Raises `MissingProgram` without the engine, `NotPossibleHere` without a passphrase, and `StepFailed` when the
    state can't be reached or read.
    """
    name = f"{environment}.{layer}"
    variables = engine_variables(name)
    find_engine()
    options = automation.LocalWorkspaceOptions(work_dir=str(ROOT), env_vars=variables)
    try:
        handle = automation.select_stack(name, work_dir=str(ROOT), opts=options)
    except automation.StackNotFoundError:
        if not create:
            return None
        handle = _created(name, options)
    except automation.CommandError as error:
        raise StepFailed(name, _reason(str(error))) from None
    return LayerStack(environment, layer, handle)


def _created(name: str, options: automation.LocalWorkspaceOptions) -> automation.Stack:
    try:
        return automation.create_stack(name, work_dir=str(ROOT), opts=options)
    except automation.CommandError as error:
        raise StepFailed(f"{name}: creating the stack", _reason(str(error))) from None


@contextmanager
def engine_step(stack: LayerStack, step: str) -> Iterator[None]:
    """Turn the engine's failure into one line; what it had to say has been printed as it said it.

    Raises `StepFailed`, or `MissingProgram` when the engine has no vSphere plugin.
    """
    try:
        yield
    except automation.ConcurrentUpdateError:
        fix = f"another run holds the stack; wait for it, or see: pulumi cancel -s {stack.name}"
        raise StepFailed(f"{stack.name}: {step}", fix) from None
    except automation.CommandError as error:
        check_plugin(str(error))
        raise StepFailed(f"{stack.name}: {step}", _reason(str(error))) from None


def show_output(text: str) -> None:
    """Print what the engine says, as it says it."""
    print(text, flush=True)


def show_error(text: str) -> None:
    """Print what the engine says on standard error."""
    print(text, file=sys.stderr, flush=True)


def colour() -> str:
    """Return the engine's colour setting for this process's output."""
    return "always" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else "never"


def _reason(said: str) -> str:
    """Return the engine's last error line, if it has one."""
    lines = [line.strip().removeprefix("error:").strip() for line in said.splitlines() if "error:" in line]
    return f"failed: {lines[-1]}" if lines else "failed; the engine's messages stand above"
