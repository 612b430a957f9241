"""Parallel work does not hang: fifty machines, sixteen at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.__main__ import FIFTY
from tests.support.state import assert_all_agree, simulated_machines

if TYPE_CHECKING:
    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = [pytest.mark.rehearsal, pytest.mark.long]


def test_fifty_machines_come_up_in_parallel_and_go_again(checkout: Checkout, rehearsal: Rehearsal) -> None:
    checkout.replace(FIFTY)
    stack = ["-s", "dev.compute", "--non-interactive"]
    done = rehearsal.run(["pulumi", "up", "--yes", "--skip-preview", "--parallel", "16", *stack])
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(simulated_machines(rehearsal)) == 50
    assert_all_agree(rehearsal)
    quiet = rehearsal.run(["pulumi", "preview", "--expect-no-changes", *stack])
    assert quiet.returncode == 0, quiet.stdout + quiet.stderr
    gone = rehearsal.run(["pulumi", "destroy", "--yes", "--parallel", "16", *stack])
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert simulated_machines(rehearsal) == {}
