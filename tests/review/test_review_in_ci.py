"""The workflow that docs/review-in-ci.md shows: what it may do, where passphrases go, and when it is red."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from infra.catalog import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "review-in-ci.md").read_text(encoding="utf-8")
# Stands for `slipway` and tells which passphrases it would find, and for whom they can be read.
SLIPWAY = """#!/bin/sh
[ "$1" = review ] || exit 1
[ -z "${PULUMI_CONFIG_PASSPHRASE_FILE-}" ] || exit 1
for file in "$XDG_CONFIG_HOME"/slipway/*; do
  echo "${file##*/} $(cat "$file") $(stat -c %a "$file")"
done > found
echo "$XDG_CONFIG_HOME" > folder
exit 5
"""


def workflow() -> dict[str, Any]:
    (text,) = re.findall(r"```yaml\n(name: review\n.*?)```", PAGE, re.DOTALL)
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return found


def step(name: str) -> dict[str, Any]:
    steps: list[dict[str, Any]] = workflow()["jobs"]["review"]["steps"]
    (found,) = [each for each in steps if each.get("name") == name]
    return found


def run(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **variables}
    command = ["bash", "-e", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_it_may_comment_and_nothing_else() -> None:
    assert workflow()["permissions"] == {"pull-requests": "write", "contents": "read"}


@pytest.mark.parametrize(("code", "passes"), [("0", True), ("4", True), ("5", True), ("6", False), ("2", False)])
def test_verdict_is_that_of_the_table(tmp_path: Path, code: str, passes: bool) -> None:  # noqa: FBT001
    (row,) = re.findall(rf"^\| {code} \| .*? \| (\w+)", PAGE, re.MULTILINE)
    done = run(step("verdict")["run"], tmp_path, code=code)
    assert (done.returncode == 0, row) == (passes, "green" if passes else "red")
    assert ("::notice::" in done.stdout) == (code == "5")


def test_each_environment_has_its_own_passphrase_and_none_stays(tmp_path: Path) -> None:
    slipway = tmp_path / "slipway"
    slipway.write_text(SLIPWAY, encoding="utf-8")
    slipway.chmod(0o755)
    secrets = {"DEV": "one", "STAGING": "two", "PROD": "three"}
    assert secrets.keys() < step("review")["env"].keys()
    done = run(step("review")["run"], tmp_path, BASE="origin/main", GITHUB_ENV=str(tmp_path / "env"), **secrets)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "env").read_text(encoding="utf-8") == "code=5\n"
    found = (tmp_path / "found").read_text(encoding="utf-8").splitlines()
    assert found == ["dev.passphrase one 600", "prod.passphrase three 600", "staging.passphrase two 600"]
    folder = (tmp_path / "folder").read_text(encoding="utf-8").strip()
    assert folder
    assert not os.path.exists(folder)  # noqa: PTH110 - a path that another program told
