"""When control-plane nodes may go, and when they are back, by what machines tell vCenter."""

from __future__ import annotations

from typing import Any

import pytest

from infra.errors import NotPossibleHere, StepFailed
from infra.operate import quorum
from infra.operate.quorum import Quorum, has_joined_anew, is_cluster, not_joined
from infra.vsphere.session import Credentials
from tests.support.environments import STAGING

ONE, TWO, THREE = (f"staging-control-plane-{number}" for number in (1, 2, 3))
JOINED = "joined 2026-11-26T12:00:00Z"
LATER = "joined 2026-11-26T12:30:00Z"
ALL = {ONE: JOINED, TWO: JOINED, THREE: JOINED}


def test_machines_that_never_joined_are_no_cluster_that_could_be_harmed() -> None:
    assert not is_cluster({ONE: "", TWO: "waiting: no cluster answers"})
    assert not_joined({ONE: "", TWO: ""}, {ONE}) == {}


def test_those_that_stay_have_to_be_in_the_cluster() -> None:
    assert not_joined(ALL, {ONE}) == {}
    assert not_joined({**ALL, TWO: "waiting: x"}, {ONE}) == {TWO: "waiting: x"}
    assert not_joined({**ALL, TWO: "waiting: x"}, {TWO}) == {}, "the one that is away may be made anew"


def test_a_later_arrival_is_another_one() -> None:
    assert has_joined_anew(JOINED, LATER)
    assert has_joined_anew("", JOINED)
    assert not has_joined_anew(JOINED, JOINED), "that is what it told before it was restarted"
    assert not has_joined_anew(JOINED, "waiting: x")


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A quorum whose machines tell one list of states after the other."""
    found: Any = Quorum("staging.compute", STAGING, Credentials("", "", ""))
    found.answers = []
    monkeypatch.setattr(found, "_states", lambda: found.answers.pop(0))
    monkeypatch.setattr(quorum, "_POLL_SECONDS", 0)
    return found


def test_it_waits_until_the_node_is_back_and_says_what_it_tells(
    watched: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    watched.answers = [ALL, {**ALL, ONE: ""}, {**ALL, ONE: "waiting: x"}, {**ALL, ONE: LATER}]
    watched.check({ONE})
    watched.wait({ONE})
    assert capsys.readouterr().out == (
        "staging.compute: waiting for staging-control-plane-1 in the cluster: it boots\n"
        "staging.compute: waiting for staging-control-plane-1 in the cluster: waiting: x\n"
    )
    assert watched.answers == []


def test_another_one_does_not_go_while_one_is_away(watched: Any) -> None:
    watched.answers = [{**ALL, TWO: "waiting: no cluster answers"}]
    with pytest.raises(StepFailed) as refused:
        watched.check({ONE})
    assert str(refused.value) == (
        "staging.compute: making staging-control-plane-1 anew: etcd could lose its quorum: not in the cluster is "
        "staging-control-plane-2 (waiting: no cluster answers); mend that first, then run again"
    )


def test_one_that_does_not_come_back_ends_the_run(watched: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quorum, "PATIENCE", -1.0)
    watched.answers = [ALL, {**ALL, ONE: ""}]
    watched.check({ONE})
    with pytest.raises(StepFailed, match="look at its journal of slipway-join, then run again"):
        watched.wait({ONE})


@pytest.mark.parametrize("names", [{"staging-cpu-1"}, set()])
def test_workers_are_not_its_business(watched: Any, names: set[str]) -> None:
    watched.answers = [ALL]
    watched.check(names)
    watched.wait(names)
    assert not watched.concerns(names)
    assert watched.answers == [ALL], "vCenter was not asked"


def test_the_one_that_is_away_goes_first(watched: Any) -> None:
    watched.answers = [{**ALL, TWO: "it is off"}]
    groups = [[f"urn::{ONE}"], [f"urn::{TWO}"], [f"urn::{THREE}"], ["urn::staging-cpu-1"]]
    assert watched.ordered(groups) == [[f"urn::{TWO}"], [f"urn::{ONE}"], [f"urn::{THREE}"], ["urn::staging-cpu-1"]]


def test_the_only_node_of_a_cluster_takes_it_along(watched: Any) -> None:
    for states, replaced, lost in (
        ({ONE: JOINED}, [ONE], True),
        ({ONE: JOINED, TWO: ""}, [ONE, TWO], True),
        (ALL, [ONE, TWO, THREE], False),  # one after the other
        ({ONE: ""}, [ONE], False),
        ({ONE: JOINED}, ["staging-cpu-1"], False),
    ):
        watched.answers = [states]
        assert watched.loses_cluster(replaced, [], []) == lost


@pytest.mark.parametrize(("first", "removed"), [([TWO], []), ([], [TWO])], ids=["address handed on", "removed"])
def test_members_of_a_cluster_are_not_deleted(watched: Any, first: list[str], removed: list[str]) -> None:
    watched.answers = [ALL]
    with pytest.raises(NotPossibleHere) as refused:
        watched.loses_cluster([ONE], first, removed)
    assert str(refused.value) == (
        "staging.compute: staging-control-plane-2 would be deleted: etcd would go on counting them as members and lose "
        "its quorum; keep their number and their addresses; another control plane is another environment"
    )


def test_a_vcenter_that_is_away_for_a_moment_ends_no_wait(watched: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def states() -> Any:
        answer = watched.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    watched._states = states
    watched.answers = [ALL, ConnectionResetError("reset by peer"), {**ALL, ONE: LATER}]
    watched.check({ONE})
    watched.wait({ONE})
    assert capsys.readouterr().out == "staging.compute: vCenter does not answer (reset by peer), asked again\n"
