"""A run that is killed at any point: the next `up` explains what it finds and ends right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.killing import kill_when_held, killed_run
from tests.support.state import assert_all_agree, recorded_machines, simulated_machines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.control import Phase
    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal


@pytest.fixture(autouse=True)
def _empty(rehearsal: Rehearsal) -> Iterator[None]:
    """Begin each test with nothing made."""
    yield
    rehearsal.control.release_all()
    done = rehearsal.slipway("destroy", "dev", "compute", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert simulated_machines(rehearsal) == {}


@pytest.mark.parametrize(
    ("method", "phase", "leftovers"),
    [
        ("CloneVM_Task", "running", "remove"),
        ("CloneVM_Task", "after", "remove"),
        ("ReconfigVM_Task", "before", "remove"),
        ("PowerOnVM_Task", "before", "remove"),
        ("PowerOnVM_Task", "before", "adopt"),
        ("PowerOnVM_Task", "after", "adopt"),
    ],
    ids=[
        "clone running",
        "clone done but unrecorded",
        "before it is configured",
        "before power-on, then removed",
        "before power-on, then adopted",
        "powered on but unrecorded, then adopted",
    ],
)
def test_next_up_ends_right(rehearsal: Rehearsal, method: str, phase: Phase, leftovers: str) -> None:
    killed_run(rehearsal, "dev", method, "dev-cpu-2", phase)
    done = rehearsal.slipway("up", "dev", "compute", "--yes", "--leftovers", leftovers)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "dev.compute: released the lock of a run that was killed (process " in said
    assert "dev.compute: a killed run was creating dev-cpu-2" in said
    assert_all_agree(rehearsal)
    quiet = rehearsal.slipway("preview", "dev", "compute", "--expect-no-changes")
    assert quiet.returncode == 0, quiet.stdout + quiet.stderr


def test_killed_between_two_machines(rehearsal: Rehearsal) -> None:
    killed_run(rehearsal, "dev", "CloneVM_Task", "dev-cpu-2", "before")
    assert "dev-cpu-2" not in simulated_machines(rehearsal)
    done = rehearsal.slipway("up", "dev", "compute", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert_all_agree(rehearsal)


def test_what_a_killed_create_of_a_folder_made_is_taken_over(rehearsal: Rehearsal) -> None:
    killed_run(rehearsal, "dev", "CreateFolder", "", "after")
    done = rehearsal.slipway("up", "dev", "compute", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert_all_agree(rehearsal)


def test_adopting_removes_a_machine_that_was_never_configured(rehearsal: Rehearsal) -> None:
    killed_run(rehearsal, "dev", "CloneVM_Task", "dev-cpu-2", "after")
    left = simulated_machines(rehearsal)["dev-cpu-2"]
    done = rehearsal.slipway("up", "dev", "compute", "--yes", "--leftovers", "adopt")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "dev.compute: removing dev-cpu-2 (it was cloned but never configured)" in done.stdout
    assert simulated_machines(rehearsal)["dev-cpu-2"] != left
    assert_all_agree(rehearsal)


def test_leftover_machine_is_not_touched_without_an_answer(rehearsal: Rehearsal) -> None:
    killed_run(rehearsal, "dev", "PowerOnVM_Task", "dev-cpu-2", "after")
    before = simulated_machines(rehearsal)
    done = rehearsal.slipway("up", "dev", "compute", "--yes")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "dev.compute: vCenter has dev-cpu-2 (configured, powered on), made by an interrupted run, without a record: "
        "nobody is there to say what shall become of it; repeat the command with --leftovers adopt or remove"
    )
    assert simulated_machines(rehearsal) == before
    assert "dev-cpu-2" not in recorded_machines(rehearsal)


def test_declined_destroy_forgets_nothing(rehearsal: Rehearsal, checkout: Checkout) -> None:
    """A destroy of something protected that nobody confirms leaves the record of a half-made machine as it is."""
    checkout.replace(("controlPlane:\n", "protected: [controlPlane]\ncontrolPlane:\n"))
    try:
        killed_run(rehearsal, "dev", "PowerOnVM_Task", "dev-cpu-2", "after")
        declined = rehearsal.slipway("destroy", "dev", "compute", "--including-protected")
        assert "nobody is there to answer" in declined.stderr
        done = rehearsal.slipway("up", "dev", "compute", "--yes", "--leftovers", "adopt")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "dev.compute: adopting dev-cpu-2" in done.stdout
        assert_all_agree(rehearsal)
    finally:
        gone = rehearsal.slipway("destroy", "dev", "compute", "--yes", "--including-protected")
        checkout.restore()
    assert gone.returncode == 0, gone.stdout + gone.stderr


def test_failed_power_on_is_recorded_and_the_next_up_goes_on_from_it(rehearsal: Rehearsal) -> None:
    rehearsal.control.fail(
        "PowerOnVM_Task", "dev-cpu-2", "InsufficientMemoryResourcesFault", "played: not enough memory on the host"
    )
    failed = rehearsal.slipway("up", "dev", "compute", "--yes")
    assert failed.returncode == 1
    assert "not enough memory on the host" in failed.stdout + failed.stderr
    first = recorded_machines(rehearsal)["dev-cpu-2"]
    assert simulated_machines(rehearsal)["dev-cpu-2"] == first
    done = rehearsal.slipway("up", "dev", "compute", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert recorded_machines(rehearsal)["dev-cpu-2"] == first
    assert_all_agree(rehearsal)


def test_machine_that_can_not_start_does_not_keep_the_environment_from_going(rehearsal: Rehearsal) -> None:
    for _ in range(3):
        rehearsal.control.fail("PowerOnVM_Task", "dev-cpu-2", "InsufficientMemoryResourcesFault", "played: no memory")
    assert rehearsal.slipway("up", "dev", "compute", "--yes").returncode == 1
    gone = rehearsal.slipway("destroy", "dev", "compute", "--yes")
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert simulated_machines(rehearsal) == {}
    rehearsal.control.clear_faults()


def test_killed_while_a_node_is_made_anew(rehearsal: Rehearsal, checkout: Checkout) -> None:
    """The old machine is gone, the new one is there, and the state has an entry of the old one."""
    assert rehearsal.slipway("up", "dev", "compute", "--yes").returncode == 0
    checkout.replace(("user: ops", "user: admin"))
    try:
        hold = rehearsal.control.hold("PowerOnVM_Task", "dev-cpu-2", "after")
        kill_when_held(rehearsal, "dev", hold, set())
        rehearsal.control.release_all()
        done = rehearsal.slipway("up", "dev", "compute", "--yes", "--leftovers", "adopt")
        assert done.returncode == 0, done.stdout + done.stderr
        assert_all_agree(rehearsal)
    finally:
        checkout.restore()
