"""Where the state lives, how its secrets are read, and which programs the engine needs."""

from __future__ import annotations

import json
import os
import shutil
from importlib.metadata import version
from pathlib import Path

from infra.catalog import ROOT
from infra.errors import MissingProgram, NotPossibleHere
from infra.for_real import check_passphrase, in_rehearsal
from infra.operate.stack_files import stack_file

STATE = ROOT / ".state"  # the state, unless the person has logged in to another backend
# Engine and plugins spend a fifth of a preview on collecting garbage, though little of what they hold becomes any. From
# a gibibyte on they are as sparing as they are by themselves.
_QUICK = {"PULUMI_PARALLEL_DIFF": "true", "GOGC": "400", "GOMEMLIMIT": "1GiB"}
_WITH_PASSPHRASE = ("file://", "s3://", "gs://", "azblob://", "postgres://")
_NO_PLUGIN = "no resource plugin 'pulumi-resource-vsphere"  # the engine's words


def backend_url() -> str:
    """Return the URL of the state: `PULUMI_BACKEND_URL`, else what `pulumi login` chose, else the folder `.state/`."""
    credentials = _pulumi_home() / "credentials.json"
    current = json.loads(credentials.read_text(encoding="utf-8")).get("current", "") if credentials.exists() else ""
    return os.environ.get("PULUMI_BACKEND_URL") or current or f"file://{STATE}"


def prepare_backend() -> dict[str, str]:
    """Return the environment variable that names the state's place to the engine; the embedded folder is made."""
    url = backend_url()
    if url == f"file://{STATE}":
        STATE.mkdir(exist_ok=True)
    return {"PULUMI_BACKEND_URL": url}


def backend_folder() -> Path | None:
    """Return the folder of a `file://` state, or None for another kind."""
    url = backend_url()
    return Path(url.removeprefix("file://")).expanduser() if url.startswith("file://") else None


def find_engine() -> None:
    """Take the engine that `make tools` got, unless one is on PATH. Raises `MissingProgram` when there is neither."""
    own = ROOT / ".tools" / "bin"
    if shutil.which("pulumi") is None and (own / "pulumi").exists():
        os.environ["PATH"] = f"{own}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    if shutil.which("pulumi") is None:
        raise MissingProgram("pulumi", "install Pulumi, or run: make tools")


def engine_variables(stack: str) -> dict[str, str]:
    """Return the environment variables that tell the engine where state lives and how a stack's secrets are read.

    Secrets are read, in this order, by the provider that the stack's file names, by the backend's service, by Pulumi's
    own variables, by the environment's own file. Raises `NotPossibleHere` when there is no passphrase, or an empty one
    outside a rehearsal.
    """
    quick = {name: value for name, value in _QUICK.items() if name not in os.environ}
    return {**prepare_backend(), **quick, **_passphrase(stack)}


def passphrase_file(environment: str) -> Path:
    """Return the file that holds the passphrase of one environment, by convention."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "slipway" / f"{environment}.passphrase"


def passphrase_place(stack: str) -> str:
    """Return, in words, where the engine reads the passphrase of a stack from."""
    if "PULUMI_CONFIG_PASSPHRASE" in os.environ:
        return "PULUMI_CONFIG_PASSPHRASE"
    return os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE") or str(passphrase_file(stack.rpartition(".")[0]))


def _passphrase(stack: str) -> dict[str, str]:
    file = stack_file(ROOT, stack)
    if file.exists() and "\nsecretsprovider:" in f"\n{file.read_text(encoding='utf-8')}":
        return {}
    if not backend_url().startswith(_WITH_PASSPHRASE):
        return {}  # a service keeps the secrets
    check_passphrase(stack)
    named = os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if named:
        _check_passphrase_file(stack, Path(named).expanduser())
        return {}
    if os.environ.get("PULUMI_CONFIG_PASSPHRASE"):
        return {}
    if in_rehearsal() and "PULUMI_CONFIG_PASSPHRASE" in os.environ:
        return {}
    own = passphrase_file(stack.rpartition(".")[0])
    if own.exists():
        _check_passphrase_file(stack, own)
        return {"PULUMI_CONFIG_PASSPHRASE_FILE": str(own)}
    raise NotPossibleHere(
        stack,
        "there is no passphrase for its secrets",
        f"write one to {own}, or name another file in PULUMI_CONFIG_PASSPHRASE_FILE",
    )


def _check_passphrase_file(stack: str, file: Path) -> None:
    """Raise `NotPossibleHere` unless a passphrase file is there, holds something, and is its owner's alone."""
    if not file.is_file():
        raise NotPossibleHere(stack, f"its passphrase file {file} is not there", "write the passphrase to it")
    if not file.read_bytes().strip():
        raise NotPossibleHere(stack, f"its passphrase file {file} is empty", "write the passphrase to it")
    if file.stat().st_mode & 0o077:
        raise NotPossibleHere(stack, f"its passphrase file {file} can be read by others", f"run: chmod 600 {file}")


def check_plugin(said: str) -> None:
    """Raise `MissingProgram` if the engine's words say that it has no vSphere plugin and could not fetch one."""
    if _NO_PLUGIN in said:
        wanted = version("pulumi-vsphere")
        fix = f"run where there is internet: pulumi plugin install resource vsphere {wanted}"
        raise MissingProgram(f"Pulumi's vSphere plugin {wanted}", f"{fix}; to try Slipway without: make rehearse")


def _pulumi_home() -> Path:
    return Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi"))
