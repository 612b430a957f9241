"""The Pulumi engine, through its Automation API: which stack, which state, what its failures mean."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi import automation

from infra.catalog import ROOT
from infra.errors import MissingConfig, MissingProgram, NotPossibleHere, StepFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.handover import Layer
    from infra.vsphere.session import Credentials

STATE = ROOT / ".state"  # the state, unless the person has logged in to another backend


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

        config = self.handle.get_all_config()
        values = []
        for key, option in (("vsphere:user", ""), ("vsphere:password", "--secret ")):
            if key not in config:
                raise MissingConfig(self.name, key, f"pulumi config set {option}{key} -s {self.name}")
            values.append(config[key].value)
        return Credentials(environment.vcenter.server, *values)


def open_stack(environment: str, layer: Layer, *, create: bool) -> LayerStack | None:
    """Return the stack of a layer; one that isn't there yet is created, or with `create=False` is None.

    Raises `MissingProgram` without the engine and `NotPossibleHere` without a passphrase.
    """
    _check_passphrase(f"{environment}.{layer}")
    _find_engine()
    name = f"{environment}.{layer}"
    variables = backend_variables()
    options = automation.LocalWorkspaceOptions(work_dir=str(ROOT), env_vars=variables)
    try:
        handle = automation.select_stack(name, work_dir=str(ROOT), opts=options)
    except FileNotFoundError:
        fix = "install Pulumi, or run `make tools` and put .tools/bin on PATH"
        raise MissingProgram("pulumi", fix) from None
    except automation.StackNotFoundError:
        if not create:
            return None
        handle = automation.create_stack(name, work_dir=str(ROOT), opts=options)
    return LayerStack(environment, layer, handle)


def backend_variables() -> dict[str, str]:
    """Return the environment variable that names the state's place, unless the person has chosen one already.

    A backend is chosen with `PULUMI_BACKEND_URL` or `pulumi login`; else the state is kept in `.state/`.
    """
    home = Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi"))
    if os.environ.get("PULUMI_BACKEND_URL") or (home / "credentials.json").exists():
        return {}
    STATE.mkdir(exist_ok=True)
    return {"PULUMI_BACKEND_URL": f"file://{STATE}"}


def backend_folder() -> Path | None:
    """Return the folder of a `file://` backend that this process would use, or None for another kind."""
    url = os.environ.get("PULUMI_BACKEND_URL") or backend_variables().get("PULUMI_BACKEND_URL", "")
    return Path(url.removeprefix("file://")).expanduser() if url.startswith("file://") else None


@contextmanager
def engine_step(stack: LayerStack, step: str) -> Iterator[None]:
    """Turn the engine's failure into one line; what it had to say has been printed as it said it.

    Raises `StepFailed`, or `MissingProgram` when there is no vSphere plugin: the engine fetches it only with internet.
    """
    try:
        yield
    except automation.ConcurrentUpdateError:
        raise StepFailed(
            f"{stack.name}: {step}",
            f"another run holds the stack; wait for it, or see: pulumi cancel -s {stack.name}",
        ) from None
    except automation.CommandError:
        _check_plugin()
        raise StepFailed(f"{stack.name}: {step}", "failed; the engine's messages stand above") from None


def show_output(text: str) -> None:
    """Print what the engine says, as it says it."""
    print(text, flush=True)


def show_error(text: str) -> None:
    """Print what the engine says on standard error."""
    print(text, file=sys.stderr, flush=True)


def colour() -> str:
    """Return the engine's colour setting for this process's output."""
    return "always" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else "never"


def _find_engine() -> None:
    """Take the engine that `make tools` got, unless one is on PATH already."""
    own = ROOT / ".tools" / "bin"
    if shutil.which("pulumi") is None and (own / "pulumi").exists():
        os.environ["PATH"] = f"{own}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def _check_plugin() -> None:
    wanted = version("pulumi-vsphere")
    home = Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi"))
    if (home / "plugins" / f"resource-vsphere-v{wanted}").exists() or shutil.which("pulumi-resource-vsphere"):
        return
    fix = f"run where there is internet: pulumi plugin install resource vsphere {wanted}"
    raise MissingProgram(f"Pulumi's vSphere plugin {wanted}", fix)


def _check_passphrase(stack: str) -> None:
    """Raise `NotPossibleHere` unless the secrets of the stack can be read; an empty passphrase is for rehearsals."""
    stack_file = ROOT / "stacks" / f"Pulumi.{stack}.yaml"
    if stack_file.exists() and "\nsecretsprovider:" in f"\n{stack_file.read_text(encoding='utf-8')}":
        return
    if os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE") or os.environ.get("PULUMI_CONFIG_PASSPHRASE"):
        return
    if os.environ.get("SLIPWAY_REHEARSAL") and "PULUMI_CONFIG_PASSPHRASE" in os.environ:
        return
    raise NotPossibleHere(
        stack,
        "there is no passphrase for its secrets",
        "name a file that holds it in PULUMI_CONFIG_PASSPHRASE_FILE, or set PULUMI_CONFIG_PASSPHRASE",
    )
