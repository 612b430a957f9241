"""Change records in a service: what it is asked, that requests are signed, and what is made of every answer."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from infra.identity import new_identity
from infra.review.change_records import (
    ChangeRecordRefused,
    ChangeRecordsAway,
    ChangeSummary,
    NotApproved,
    Record,
    webhook,
)
from infra.review.change_records.signing import signature
from infra.review.change_records.webhook import TRIES, Service, WebhookRecords
from tests.support.certificates import server_certificate
from tests.support.played_changes import Asked, Said, playing_changes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.played_changes import PlayedChanges

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
OURS, OTHER = new_identity(NOW), new_identity(NOW)
CERTIFICATE = "".join(server_certificate(OURS, "127.0.0.1", NOW - DAY, NOW + DAY))
SECRET = b"a secret of thirty-two characters or more"
SEAL = f"sha256:{'ab' * 32}"
SUMMARY = ChangeSummary("Slipway: dev: 2 to create", "jane", ("dev",), {"create": 2}, revision="0123")
AT = 1795725386.7
APPROVED = {"id": "CHG-1", "seal": SEAL, "state": "approved", "decidedBy": "joe"}


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlayedChanges]:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with playing_changes(tmp_path, CERTIFICATE) as found:
        yield found


def records(played: PlayedChanges, pauses: list[float] | None = None, **service: Any) -> WebhookRecords:
    parts = {"url": played.url, "secret": SECRET, "authority": OURS.ca_certificate, **service}
    pauses = [] if pauses is None else pauses
    return WebhookRecords(Service(**parts), pause=pauses.append, now=lambda: AT)


def answering(played: PlayedChanges, *answers: Said) -> None:
    """Let the service give these answers, and the last one from then on."""
    rest = chain(answers, repeat(answers[-1]))
    played.answer = lambda _: next(rest)


def header(asked: Asked, name: str) -> str:
    return {key.lower(): value for key, value in asked.headers.items()}[name.lower()]


def checked(asked: Asked) -> None:
    """Check a signature as a service does that knows what is documented, and nothing of our code."""
    timestamp = header(asked, "Slipway-Timestamp")
    assert timestamp == "1795725386"
    text = b"\n".join([timestamp.encode(), asked.method.encode(), asked.path.encode(), asked.body])
    assert header(asked, "Slipway-Signature") == f"v1={hmac.new(SECRET, text, hashlib.sha256).hexdigest()}"


def test_a_record_is_made_looked_at_and_closed(played: PlayedChanges) -> None:
    kept: dict[str, Any] = {}

    def service(asked: Asked) -> Said:
        checked(asked)
        if asked.method == "POST":
            kept.update(json.loads(asked.body), state="open", id="CHG-1")
            return Said(201, {"id": "CHG-1", "more": "than is read"})
        if asked.method == "PATCH":
            kept.update(json.loads(asked.body))
        return Said(200, kept)

    played.answer = service
    place = records(played)
    assert place.create(SUMMARY, SEAL) == "CHG-1"
    assert place.read("CHG-1") == Record("CHG-1", "open", SEAL)
    kept.update(state="approved", decidedBy="joe", because="looked at it", url="https://c.example/CHG-1")
    assert place.read("CHG-1") == Record("CHG-1", "approved", SEAL, "joe", "looked at it", "https://c.example/CHG-1")
    place.close("CHG-1", "successful", "3 minutes")
    assert place.state("CHG-1") == "closed"
    made, *_, closed, _last = played.asked
    assert (made.method, made.path) == ("POST", "/api/changes")
    assert json.loads(made.body)["summary"]["operations"] == {"create": 2}
    assert header(made, "Idempotency-Key") == f'"{SEAL}"'
    assert header(made, "Content-Type") == "application/json"
    assert (closed.method, closed.path) == ("PATCH", "/api/changes/CHG-1")
    assert json.loads(closed.body) == {"state": "closed", "result": "successful", "notes": "3 minutes"}
    assert kept["seal"] == SEAL


def test_a_signature_is_of_everything_that_is_sent() -> None:
    one = signature(SECRET, "1", "GET", "/a", b"{}")
    assert one == signature(SECRET, "1", "GET", "/a", b"{}")
    others = {
        signature(b"other" * 8, "1", "GET", "/a", b"{}"),
        signature(SECRET, "2", "GET", "/a", b"{}"),
        signature(SECRET, "1", "PATCH", "/a", b"{}"),
        signature(SECRET, "1", "GET", "/b", b"{}"),
        signature(SECRET, "1", "GET", "/a", b"{ }"),
    }
    assert len({one, *others}) == 6


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_passes_is_tried_again_and_signed_again(played: PlayedChanges, status: int) -> None:
    pauses: list[float] = []
    answering(played, Said(status), Said(status, headers={"Retry-After": "7"}), Said(201, {"id": "CHG-1"}))
    assert records(played, pauses).create(SUMMARY, SEAL) == "CHG-1"
    assert pauses == [1.0, 7.0]
    assert len(played.asked) == 3
    assert {header(each, "Idempotency-Key") for each in played.asked} == {f'"{SEAL}"'}


def test_a_service_that_stays_away_is_told_of(played: PlayedChanges) -> None:
    pauses: list[float] = []
    answering(played, Said(503, b"down for\nmaintenance", {"Retry-After": "3600"}))
    with pytest.raises(ChangeRecordsAway) as away:
        records(played, pauses).read("CHG-1")
    assert str(away.value) == f"{played.url}: answers 503: down for maintenance, {TRIES} times; run it again later"
    assert pauses == [30.0] * (TRIES - 1)
    assert len(played.asked) == TRIES


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500])
def test_what_a_service_refuses_is_not_tried_again(played: PlayedChanges, status: int) -> None:
    pauses: list[float] = []
    answering(played, Said(status, {"error": "no such group"}))
    with pytest.raises(ChangeRecordRefused, match=rf"POST: {status}: .*no such group"):
        records(played, pauses).create(SUMMARY, SEAL)
    assert (pauses, len(played.asked)) == ([], 1)


def test_a_signed_request_is_sent_nowhere_else(played: PlayedChanges) -> None:
    answering(played, Said(307, headers={"Location": f"{played.url}/elsewhere"}))
    with pytest.raises(ChangeRecordRefused, match="307: it is elsewhere"):
        records(played).create(SUMMARY, SEAL)
    assert len(played.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"\xff\xfe",
        [],
        {},
        {"id": "CHG-1"},
        {"state": "approved"},
        {"state": "yes", "seal": SEAL},
        {"state": True, "seal": SEAL},
        {"state": "approved", "seal": None},
        {"id": 1, "state": "approved", "seal": SEAL},
        {"id": "CHG-2", "state": "approved", "seal": SEAL},
    ],
)
def test_a_broken_answer_approves_nothing(played: PlayedChanges, body: Any) -> None:
    answering(played, Said(200, body))
    with pytest.raises(ChangeRecordRefused) as refused:
        records(played).wait_for_approval("CHG-1", 0, SEAL)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("identifier", ["", "../../admin", "a/b", "a?b", "a b", "-a", "a" * 129, "ä"])
def test_an_identifier_leads_nowhere_else(played: PlayedChanges, identifier: str) -> None:
    answering(played, Said(201, {"id": identifier}))
    with pytest.raises(ChangeRecordRefused, match="no identifier"):
        records(played).create(SUMMARY, SEAL)
    with pytest.raises(ChangeRecordRefused, match="no identifier"):
        records(played).read(identifier)
    assert [each.method for each in played.asked] == ["POST"]


def test_an_answer_has_an_end(played: PlayedChanges, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(played, Said(200, b" " * (webhook.LONGEST_ANSWER + 1)))
    with pytest.raises(ChangeRecordRefused, match="answers with more than"):
        records(played).read("CHG-1")
    monkeypatch.setattr(webhook, "WHOLE_ANSWER", 0.1)
    answering(played, Said(200, drip=True))
    with pytest.raises(ChangeRecordsAway, match="does not answer in time"):
        records(played).read("CHG-1")


def test_a_slow_answer_is_not_waited_for(played: PlayedChanges, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "_TIMEOUT", httpx.Timeout(0.1, connect=5))

    def slow(_: Asked) -> Said:
        played.end.wait(5)
        return Said(200, APPROVED)

    played.answer = slow
    with pytest.raises(ChangeRecordsAway, match="does not answer in time, 4 times"):
        records(played).read("CHG-1")
    assert len(played.asked) == TRIES


def test_a_service_that_is_not_there(played: PlayedChanges) -> None:
    with pytest.raises(ChangeRecordsAway, match="is away"):
        records(played, url="https://127.0.0.1:9/api").read("CHG-1")


def test_a_certificate_of_somebody_else_is_not_trusted(played: PlayedChanges) -> None:
    pauses: list[float] = []
    for authority in (OTHER.ca_certificate, ""):
        with pytest.raises(ChangeRecordRefused, match=r"certificate of 127\.0\.0\.1 can't be trusted"):
            records(played, pauses, authority=authority).create(SUMMARY, SEAL)
    assert (pauses, played.asked) == ([], [])


def test_the_secret_is_never_shown(played: PlayedChanges) -> None:
    service = Service(played.url, SECRET, OURS.ca_certificate)
    assert "thirty-two" not in repr(service)
    answering(played, Said(403, b"no right for " + SECRET))
    with pytest.raises(ChangeRecordRefused) as refused:
        records(played).create(SUMMARY, SEAL)
    assert "no right for (not shown)" in str(refused.value)
    assert all(SECRET not in each.body and SECRET.decode() not in str(each.headers) for each in played.asked)


def test_approval_is_waited_for_through_a_time_away(played: PlayedChanges) -> None:
    open_ = {**APPROVED, "state": "open"}
    answering(played, Said(200, open_), *(Said(503) for _ in range(TRIES)), Said(200, open_), Said(200, APPROVED))
    waits: list[float] = []
    record = records(played).wait_for_approval("CHG-1", 600, SEAL, pause=waits.append, clock=lambda: sum(waits))
    assert record.decided_by == "joe"
    assert waits == [2.0, 4.0, 8.0]


def test_an_approval_of_another_plan_is_none(played: PlayedChanges) -> None:
    answering(played, Said(200, {**APPROVED, "seal": f"sha256:{'cd' * 32}"}))
    waits: list[float] = []
    with pytest.raises(NotApproved, match="is about another plan"):
        records(played).wait_for_approval("CHG-1", 600, SEAL, pause=waits.append)
    assert waits == []
