"""Where the state lives, how its secrets are read, and which programs the engine needs."""

from __future__ import annotations

import json
import os
import shutil
from importlib.metadata import version
from pathlib import Path

from infra.catalog import ROOT
from infra.errors import MissingProgram, NotPossibleHere

STATE = ROOT / ".state"  # the state, unless the person has logged in to another backend
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


def check_passphrase(stack: str) -> None:
    """Raise `NotPossibleHere` unless the secrets of the stack can be read; an empty passphrase is for rehearsals."""
    stack_file = ROOT / "stacks" / f"Pulumi.{stack}.yaml"
    if stack_file.exists() and "\nsecretsprovider:" in f"\n{stack_file.read_text(encoding='utf-8')}":
        return
    if not backend_url().startswith(_WITH_PASSPHRASE):
        return  # a service keeps the secrets
    if os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE") or os.environ.get("PULUMI_CONFIG_PASSPHRASE"):
        return
    if os.environ.get("SLIPWAY_REHEARSAL") and "PULUMI_CONFIG_PASSPHRASE" in os.environ:
        return
    raise NotPossibleHere(
        stack,
        "there is no passphrase for its secrets",
        "name a file that holds it in PULUMI_CONFIG_PASSPHRASE_FILE, or set PULUMI_CONFIG_PASSPHRASE",
    )


def check_plugin(said: str) -> None:
    """Raise `MissingProgram` if the engine's words say that it has no vSphere plugin and could not fetch one."""
    if _NO_PLUGIN in said:
        wanted = version("pulumi-vsphere")
        fix = f"run where there is internet: pulumi plugin install resource vsphere {wanted}"
        raise MissingProgram(f"Pulumi's vSphere plugin {wanted}", f"{fix}; to try Slipway without: make rehearse")


def _pulumi_home() -> Path:
    return Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi"))
