"""A change that can't be previewed against a living environment: what was before comes up in a rehearsal of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.reports import steady

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.checkout import Checkout

pytestmark = [pytest.mark.rehearsal, pytest.mark.long]
CHANGES, NOT_PREVIEWABLE = 4, 5
MORE_CPUS = ("    count: 2\n    cpus: 4\n", "    count: 2\n    cpus: 8\n")
A_TEAM = ("    research:\n", "    serving:\n      namespaces:\n        serving: {}\n    research:\n")


def operate(checkout: Checkout, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "infra.operate", *arguments]
    return subprocess.run(command, cwd=checkout.root, capture_output=True, text=True, check=False)


def test_a_change_is_previewed_on_what_was_before(checkout: Checkout) -> None:
    checkout.commit()
    checkout.replace(MORE_CPUS, A_TEAM)
    done = operate(checkout, "review", "dev", "--rehearse", "--format", "json")
    assert done.returncode == CHANGES, done.stdout + done.stderr
    assert "==> rehearsing dev as " in done.stderr
    compute, cluster = json.loads(done.stdout)["environments"][0]["layers"]
    assert (compute["verdict"], cluster["verdict"]) == ("changes", "changes")
    changed = {each["name"] for each in compute["changes"] if each["operation"] == "update"}
    assert {"dev-cpu-1", "dev-cpu-2"} <= changed
    assert "serving" in {each["name"] for each in cluster["changes"] if each["operation"] == "create"}


def test_a_release_that_is_promoted_reads_as_committed(checkout: Checkout, golden: Callable[[str, str], None]) -> None:
    """The release of dev is brought to staging, with all that runs there, and reviewed before staging gets it."""
    checkout.restore()
    checkout.with_tools("staging")
    checkout.commit()
    said = operate(checkout, "promote", "dev", "staging")
    assert said.returncode == NOT_PREVIEWABLE, said.stdout + said.stderr  # there is no staging here to preview against
    assert "stacks/environments/staging.yaml:5: release: 2026.10.0 becomes 2026.11.0" in said.stdout
    done = operate(checkout, "review", "staging", "--rehearse")
    assert done.returncode == CHANGES, done.stdout + done.stderr
    golden("review/real/promoted-release.md", steady(done.stdout))
