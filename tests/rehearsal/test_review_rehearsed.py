"""A change that can't be previewed against a living environment: what was before comes up in a rehearsal of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.checkout import Checkout

pytestmark = [pytest.mark.rehearsal, pytest.mark.long]
CHANGES = 4
MORE_CPUS = ("    count: 2\n    cpus: 4\n", "    count: 2\n    cpus: 8\n")
A_TEAM = ("    research:\n", "    serving:\n      namespaces:\n        serving: {}\n    research:\n")


def test_a_change_is_previewed_on_what_was_before(checkout: Checkout) -> None:
    git = ["git", "-C", str(checkout.root)]
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    parts = ["infra", "rehearsal", "stacks", "templates", "Pulumi.yaml", "__main__.py", "slipway"]
    subprocess.run([*git, "add", *parts], check=True)
    subprocess.run([*git, *who, "commit", "-qm", "first"], check=True)
    checkout.replace(MORE_CPUS, A_TEAM)
    command = [sys.executable, "-m", "infra.operate", "review", "dev", "--rehearse", "--format", "json"]
    done = subprocess.run(command, cwd=checkout.root, capture_output=True, text=True, check=False)
    assert done.returncode == CHANGES, done.stdout + done.stderr
    assert "==> rehearsing dev as " in done.stderr
    compute, cluster = json.loads(done.stdout)["environments"][0]["layers"]
    assert (compute["verdict"], cluster["verdict"]) == ("changes", "changes")
    changed = {each["name"] for each in compute["changes"] if each["operation"] == "update"}
    assert {"dev-cpu-1", "dev-cpu-2"} <= changed
    assert "serving" in {each["name"] for each in cluster["changes"] if each["operation"] == "create"}
