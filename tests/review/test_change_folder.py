"""Change records in a folder: made once, decided on by somebody else, whole on disk, and nothing outside is touched."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.errors import NotPossibleHere
from infra.review.change_records import ChangeRecordRefused, ChangeSummary, NotApproved, Record
from infra.review.change_records.folder import FolderRecords
from infra.review.change_records.record import LONGEST_WAIT, decided

SEAL = f"sha256:{'ab' * 32}"
OTHER = f"sha256:{'cd' * 32}"
SUMMARY = ChangeSummary("Slipway: dev, prod: 2 to create", "jane", ("dev", "prod"), {"create": 2}, ("danger",))
ID = "dev-prod-abababababab"
NOW = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> FolderRecords:
    return FolderRecords(tmp_path / "changes", now=lambda: NOW)


def content(tmp_path: Path, record: str = ID) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "changes" / f"{record}.json").read_text(encoding="utf-8"))
    return found


def test_a_record_is_made_approved_and_closed(folder: FolderRecords, tmp_path: Path) -> None:
    assert folder.create(SUMMARY, SEAL) == ID
    file = str(tmp_path / "changes" / f"{ID}.json")
    assert folder.read(ID) == Record(ID, "open", SEAL, url=file)
    folder.approve(ID, "joe", "looked at it")
    assert folder.read(ID) == Record(ID, "approved", SEAL, "joe", "looked at it", file)
    folder.close(ID, "successful", "3 minutes")
    assert folder.state(ID) == "closed"
    found = content(tmp_path)
    assert found["made"] == found["closed"]["at"] == "2026-11-26T12:30:00Z"
    assert found["summary"]["dangers"] == ["danger"]
    assert folder.summary(ID)["title"] == SUMMARY.title
    assert [each.name for each in (tmp_path / "changes").iterdir()] == [f"{ID}.json"]


def test_the_same_plan_has_one_record_until_it_is_decided_against(folder: FolderRecords) -> None:
    assert [folder.create(SUMMARY, SEAL) for _ in range(3)] == [ID] * 3
    folder.approve(ID, "joe")
    assert folder.create(SUMMARY, SEAL) == ID
    folder.close(ID, "failed")
    assert folder.create(SUMMARY, SEAL) == f"{ID}-2"
    folder.refuse(f"{ID}-2", "joe", "not now")
    assert folder.create(SUMMARY, SEAL) == f"{ID}-3"
    alike = f"sha256:{'ab' * 6}{'0' * 52}"
    assert folder.create(SUMMARY, alike) == f"{ID}-4"
    assert [each.id for each in folder.records()] == [ID, f"{ID}-2", f"{ID}-3", f"{ID}-4"]
    assert folder.read(f"{ID}-4").seal == alike


def test_many_at_once_make_one_record_for_each_plan(folder: FolderRecords) -> None:
    made: list[str] = []
    ready = threading.Barrier(8)

    def make(number: int) -> None:
        ready.wait()
        made.append(folder.create(SUMMARY, SEAL if number % 2 else OTHER))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(made)) == [ID, "dev-prod-cdcdcdcdcdcd"]
    assert len(folder.records()) == 2


def test_nobody_approves_what_they_asked_for(folder: FolderRecords) -> None:
    folder.create(SUMMARY, SEAL)
    with pytest.raises(NotPossibleHere, match="jane asked for it; let somebody else"):
        folder.approve(ID, "jane")
    assert folder.state(ID) == "open"
    folder.refuse(ID, "jane", "changed my mind")
    assert folder.state(ID) == "refused"


def test_what_is_decided_stays_decided(folder: FolderRecords) -> None:
    folder.create(SUMMARY, SEAL)
    folder.refuse(ID, "joe", "not now")
    with pytest.raises(NotPossibleHere, match="is refused already"):
        folder.approve(ID, "jim")
    with pytest.raises(NotPossibleHere, match="is refused already"):
        folder.refuse(ID, "jim", "no")
    with pytest.raises(NotPossibleHere, match="was refused"):
        folder.close(ID, "successful")
    folder.create(SUMMARY, OTHER)
    folder.close("dev-prod-cdcdcdcdcdcd", "not run")
    folder.close("dev-prod-cdcdcdcdcdcd", "not run")
    with pytest.raises(NotPossibleHere, match=r"is closed already \(not run\)"):
        folder.close("dev-prod-cdcdcdcdcdcd", "successful")
    with pytest.raises(NotPossibleHere, match="is closed already"):
        folder.approve("dev-prod-cdcdcdcdcdcd", "joe")


def test_a_person_may_write_the_decision_into_the_file(folder: FolderRecords, tmp_path: Path) -> None:
    folder.create(SUMMARY, SEAL)
    file = tmp_path / "changes" / f"{ID}.json"
    written = {**content(tmp_path), "decision": {"state": "approved", "by": "joe"}}
    file.write_text(json.dumps(written), encoding="utf-8")
    assert folder.wait_for_approval(ID, 0, SEAL).decided_by == "joe"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"decision": {"state": "maybe", "by": "joe"}}, "decision.state"),
        ({"decision": {"state": "approved"}}, "decision.by"),
        ({"decision": "approved"}, "decision"),
        ({"approved": True}, "approved"),
        ({"version": 2}, "version"),
        ({"seal": None}, "seal"),
        ({"id": "other"}, "has the record other"),
    ],
)
def test_a_broken_file_approves_nothing(
    folder: FolderRecords, tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    folder.create(SUMMARY, SEAL)
    file = tmp_path / "changes" / f"{ID}.json"
    file.write_text(json.dumps({**content(tmp_path), **change}), encoding="utf-8")
    with pytest.raises(ChangeRecordRefused) as refused:
        folder.wait_for_approval(ID, 0, SEAL)
    assert says in str(refused.value)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(ChangeRecordRefused, match="is no change record"):
        folder.read(ID)


@pytest.mark.parametrize("name", ["", "../other", "a/b", "/etc/passwd", "A", ".hidden", "a" * 200, "a\n"])
def test_an_identifier_leads_nowhere_else(folder: FolderRecords, tmp_path: Path, name: str) -> None:
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    with pytest.raises(NotPossibleHere, match="is not the identifier of a record"):
        folder.read(name)


def test_what_is_not_there(folder: FolderRecords, tmp_path: Path) -> None:
    assert folder.records() == []
    for asked in (folder.read, lambda each: folder.approve(each, "joe"), lambda each: folder.close(each, "failed")):
        with pytest.raises(NotPossibleHere, match="there is no such record"):
            asked("none")
    assert not (tmp_path / "changes").exists()


def test_a_folder_that_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ChangeRecordRefused, match="can't be made"):
        FolderRecords(tmp_path / "file" / "changes").create(SUMMARY, SEAL)
    folder = FolderRecords(tmp_path / "changes")
    folder.create(SUMMARY, SEAL)
    before = content(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ChangeRecordRefused, match="can't be written"):
        folder.approve(ID, "joe")
    assert content(tmp_path) == before
    assert folder.state(ID) == "open"


@pytest.mark.parametrize("environments", [(), ("a" * 60,), ("dev", "-"), ("...",)])
def test_every_identifier_is_one(folder: FolderRecords, environments: tuple[str, ...]) -> None:
    made = folder.create(ChangeSummary("t", "jane", environments), SEAL)
    assert folder.read(made).id == made
    assert [each.id for each in folder.records()] == [made]


class Waiting:
    """A clock that goes on when somebody waits, and lets things happen meanwhile."""

    def __init__(self, *happenings: tuple[float, Any]) -> None:
        self.waits: list[float] = []
        self._happenings = list(happenings)

    def time(self) -> float:
        return sum(self.waits)

    def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        while self._happenings and self.time() >= self._happenings[0][0]:
            self._happenings.pop(0)[1]()


def test_approval_is_waited_for_as_long_as_patience_lasts(folder: FolderRecords) -> None:
    folder.create(SUMMARY, SEAL)
    clock = Waiting((100.0, lambda: folder.approve(ID, "joe")))
    record = folder.wait_for_approval(ID, 3600, SEAL, pause=clock.pause, clock=clock.time)
    assert record.decided_by == "joe"
    assert clock.waits[:4] == [2.0, 4.0, 8.0, 16.0]
    assert max(clock.waits) == LONGEST_WAIT
    folder.create(SUMMARY, OTHER)
    clock = Waiting()
    with pytest.raises(NotApproved, match="nobody has approved it yet"):
        folder.wait_for_approval("dev-prod-cdcdcdcdcdcd", 60, OTHER, pause=clock.pause, clock=clock.time)
    assert clock.time() == 60


def test_a_refusal_ends_the_waiting(folder: FolderRecords) -> None:
    folder.create(SUMMARY, SEAL)
    clock = Waiting((5.0, lambda: folder.refuse(ID, "joe", "not before the weekend")))
    with pytest.raises(NotApproved) as refused:
        folder.wait_for_approval(ID, 3600, SEAL, pause=clock.pause, clock=clock.time)
    assert "was refused by joe: not before the weekend" in str(refused.value)
    assert clock.time() < 10


@pytest.mark.parametrize("state", ["open", "approved", "refused", "closed"])
def test_only_an_approval_of_the_same_plan_counts(state: Any) -> None:
    record = Record("CHG-1", state, SEAL)
    with pytest.raises(NotApproved, match="is about another plan"):
        decided(record, OTHER)
    if state in ("refused", "closed"):
        with pytest.raises(NotApproved):
            decided(record, SEAL)
    else:
        assert decided(record, SEAL) == (state == "approved")
