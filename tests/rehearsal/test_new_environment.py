"""From `slipway new` to a rehearsed environment, with nothing in between."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal


def slipway(checkout: Checkout, *arguments: str) -> str:
    command = [str(checkout.root / "slipway"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_environment_can_be_rehearsed_at_once(checkout: Checkout) -> None:
    slipway(checkout, "new", "lab", "--from", "dev", "--yes")
    report = slipway(checkout, "rehearse", "lab").partition("Rehearsal of lab")[2]
    assert "lab-control-plane-1" in report
    assert "it has what rehearsal/inventories/vcenter.example.internal.yaml says" in " ".join(report.split())


def test_an_environment_of_a_vcenter_that_nobody_described_gets_what_it_names(checkout: Checkout) -> None:
    checkout.replace(("server: vcenter.", "server: elsewhere."), environment="lab")
    report = slipway(checkout, "rehearse", "lab").partition("Rehearsal of lab")[2]
    assert "lab-control-plane-1" in report
    assert "it has just what the document asks for" in " ".join(report.split())
