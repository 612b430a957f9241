"""The command line as people meet it first: help, refusals, and what is missing on this machine."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from infra.catalog import ROOT
from infra.errors import NotPossibleHere
from rehearsal import isolation

if TYPE_CHECKING:
    from pathlib import Path


def slipway(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    bare = {"PATH": os.defpath, "HOME": "/nonexistent", **variables}
    command = [str(ROOT / "slipway"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=bare)


def test_validate_says_what_is_right() -> None:
    done = slipway("validate", "dev")
    assert (done.returncode, done.stdout) == (0, "dev: valid: 3 nodes in 2 pools, release 2026.11.0\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["validate", "nope"], "stacks/environments/nope.yaml: there is no such environment; environments here: dev\n"),
        (
            ["preview", "dev"],
            (
                "dev.compute: there is no passphrase for its secrets; name a file that holds it in "
                "PULUMI_CONFIG_PASSPHRASE_FILE, or set PULUMI_CONFIG_PASSPHRASE\n"
            ),
        ),
        (["up", "dev", "--leftovers", "burn"], "--leftovers: burn is not a choice; use adopt or remove\n"),
        (
            ["up", "dev", "bogus"],
            (
                "stack dev.bogus: not a stack of this project; a stack is named <environment>.<layer>, "
                "with a layer of: compute\n"
            ),
        ),
        (["rehearse", "nope"], "stacks/environments/nope.yaml: there is no such environment; environments here: dev\n"),
    ],
    ids=["unknown environment", "no passphrase", "unknown choice", "unknown layer", "rehearse unknown environment"],
)
def test_refusals_are_one_line_with_exit_code_2(arguments: list[str], message: str) -> None:
    done = slipway(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


def test_empty_passphrase_is_for_rehearsals_only() -> None:
    assert slipway("preview", "dev", PULUMI_CONFIG_PASSPHRASE="").returncode == 2


def test_every_command_explains_itself() -> None:
    help_text = slipway("--help").stdout
    for command in ("validate", "schema", "preview", "up", "refresh", "destroy", "status", "rehearse"):
        assert f"│ {command} " in help_text
        assert slipway(command, "--help").returncode == 0


def test_machine_that_allows_no_namespaces_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {"unshare": "echo 'unshare failed: Operation not permitted' >&2; exit 1", "nsenter": ""}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotPossibleHere) as refused:
        isolation.check_possible()
    assert str(refused.value) == (
        "rehearsal: this machine does not let you make network namespaces (unshare failed: Operation not permitted); "
        "run it as root, or have an administrator allow user namespaces: "
        "`sysctl -w kernel.unprivileged_userns_clone=1` on Debian, "
        "`sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu"
    )
