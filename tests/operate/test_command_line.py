"""The command line as people meet it first: help, refusals, and what is missing on this machine."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from infra.errors import NotPossibleHere
from rehearsal import isolation
from tests.support.checkout import Checkout
from tests.support.environments import RELEASE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Slipway = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def slipway(tmp_path_factory: pytest.TempPathFactory) -> Slipway:
    """Run the command in a checkout that has the committed environments alone."""
    root = Checkout(tmp_path_factory.mktemp("checkout")).root

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        bare = {"PATH": os.defpath, "HOME": "/nonexistent", **variables}
        command = [str(root / "slipway"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=bare)

    return run


def test_validate_says_what_is_right(slipway: Slipway) -> None:
    done = slipway("validate", "dev")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "dev: valid: 4 nodes in 3 pools, release 2026.11.0"
    assert [line.split(":")[:2] for line in done.stdout.splitlines()[1:]] == [
        ["  warning", " stacks/environments/dev.yaml"],
        ["warning", " stacks/releases/2026.11.0.yaml"],
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["validate", "nope"],
            "stacks/environments/nope.yaml: there is no such environment; environments here: dev, prod, staging\n",
        ),
        (
            ["preview", "dev"],
            (
                f"stacks/releases/2026.11.0.yaml: these have no digest ({', '.join(RELEASE.unpinned())}), "
                "and a real vCenter takes what is pinned only; "
                "where there is internet, run: ./slipway release pin 2026.11.0\n"
            ),
        ),
        (
            ["status", "dev"],
            (
                "dev.compute: there is no passphrase for its secrets; write one to "
                "/nonexistent/.config/slipway/dev.passphrase, or name another file in PULUMI_CONFIG_PASSPHRASE_FILE\n"
            ),
        ),
        (["up", "dev", "--leftovers", "burn"], "--leftovers: burn is not a choice; use adopt or remove\n"),
        (
            ["refresh", "dev", "bogus"],
            (
                "stack dev.bogus: not a stack of this project; a stack is named <environment>.<layer>, "
                "with a layer of: compute, cluster, platform, toolchain\n"
            ),
        ),
        (
            ["rehearse", "nope"],
            "stacks/environments/nope.yaml: there is no such environment; environments here: dev, prod, staging\n",
        ),
    ],
    ids=[
        "unknown environment",
        "no digests",
        "no passphrase",
        "unknown choice",
        "unknown layer",
        "rehearse unknown environment",
    ],
)
def test_refusals_are_one_line_with_exit_code_2(slipway: Slipway, arguments: list[str], message: str) -> None:
    done = slipway(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


def status(slipway: Slipway, tmp_path: Path, **variables: str) -> str:
    """Return what `slipway status dev` says of its passphrase, in a home of its own."""
    state = {"PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}", "HOME": str(tmp_path)}
    done = slipway("status", "dev", **{**state, **variables})
    assert done.returncode == 2, done.stdout
    return done.stderr


def test_empty_passphrase_is_for_rehearsals_only(slipway: Slipway, tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("secret", encoding="utf-8")
    file.chmod(0o600)
    for further in ({}, {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}):
        assert status(slipway, tmp_path, PULUMI_CONFIG_PASSPHRASE="", **further) == (
            "dev.compute: an empty passphrase is for rehearsals only; unset PULUMI_CONFIG_PASSPHRASE, or give it the "
            "passphrase\n"
        )


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (None, 0o600, "is not there; write the passphrase to it"),
        (" \n", 0o600, "is empty; write the passphrase to it"),
        ("secret", 0o644, "can be read by others; run: chmod 600 {}"),
    ],
    ids=["missing", "empty", "open"],
)
def test_passphrase_file_is_there_full_and_private(
    slipway: Slipway, tmp_path: Path, content: str | None, mode: int, reason: str
) -> None:
    file = tmp_path / "passphrase"
    if content is not None:
        file.write_text(content, encoding="utf-8")
        file.chmod(mode)
    said = status(slipway, tmp_path, PULUMI_CONFIG_PASSPHRASE_FILE=str(file))
    assert said == f"dev.compute: its passphrase file {file} {reason.format(file)}\n"


def test_every_environment_may_have_a_passphrase_file_of_its_own(slipway: Slipway, tmp_path: Path) -> None:
    own = tmp_path / ".config" / "slipway" / "dev.passphrase"
    own.parent.mkdir(parents=True)
    own.write_text("", encoding="utf-8")
    assert status(slipway, tmp_path) == f"dev.compute: its passphrase file {own} is empty; write the passphrase to it\n"
    own.write_text("secret", encoding="utf-8")
    own.chmod(0o600)
    (tmp_path / "state").mkdir()
    found = slipway("status", "dev", HOME=str(tmp_path), PULUMI_BACKEND_URL=f"file://{tmp_path / 'state'}")
    assert "not there yet: ./slipway up dev" in " ".join(found.stdout.split()), found.stderr


def test_every_command_explains_itself(slipway: Slipway) -> None:
    help_text = slipway("--help").stdout
    for command in (
        "validate",
        "schema",
        "new",
        "promote",
        "release",
        "preview",
        "up",
        "refresh",
        "destroy",
        "status",
        "doctor",
        "rehearse",
    ):
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
