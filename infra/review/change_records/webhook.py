"""Change records in a service that is spoken to by HTTPS. Uses the network.

| request | body | answer |
| --- | --- | --- |
| `POST <url>` | `{"seal", "summary"}` | `{"id"}`; with the header `Idempotency-Key` again: the same |
| `GET <url>/<id>` | none | `{"id", "seal", "state", "decidedBy", "because", "url"}`, the last three if there are any |
| `PATCH <url>/<id>` | `{"state": "closed", "result", "notes"}` | anything |

`state` is `open`, `approved`, `refused` or `closed`. `infra.review.change_records.signing` says how requests are
signed; `Idempotency-Key` is that of the IETF's draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import json
import re
import ssl
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from infra.documents import shown
from infra.review.change_records.record import ChangeRecordRefused, ChangeRecords, ChangeRecordsAway, Record, State
from infra.review.change_records.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, signature

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.review.change_records.record import ChangeSummary, Result

TRIES = 4
FIRST_PAUSE = 1.0  # seconds between two tries, twice as long each time
LONGEST_PAUSE = 30.0  # seconds that a service may ask to wait for (Retry-After)
WHOLE_ANSWER = 30.0  # seconds in which an answer has to be there whole
LONGEST_ANSWER = 1 << 20  # bytes
_TIMEOUT = httpx.Timeout(10, connect=5)  # seconds without a byte
# Too many requests (RFC 6585), and what a gateway says when the service behind it is away for a while (RFC 9110).
_PASSES = (429, 502, 503, 504)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_Model = TypeVar("_Model", bound=BaseModel)


class Answer(BaseModel):
    """What a service says of a record; what it says besides is not read."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    id: str = ""
    state: State
    seal: str
    decidedBy: str = ""  # noqa: N815 - as it stands in the answer
    because: str = ""
    url: str = ""


class Made(BaseModel):
    """What a service says of a record that it has made."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    id: str


@dataclass(frozen=True)
class Service:
    """Where a service is, what requests are signed with, and which authority its certificate has to be of.

    `authority` is a PEM certificate; without one, those are trusted that this machine trusts.
    """

    url: str
    secret: bytes = field(repr=False)
    authority: str = ""


class WebhookRecords(ChangeRecords):
    """The records of a service; `pause` and `now` are those of the clock unless a test brings its own."""

    def __init__(
        self, service: Service, pause: Callable[[float], None] = time.sleep, now: Callable[[], float] = time.time
    ) -> None:
        self._service = service
        self._url = service.url.rstrip("/")
        self._pause = pause
        self._now = now
        trust = ssl.create_default_context(cadata=service.authority or None)
        self._client = httpx.Client(verify=trust, timeout=_TIMEOUT, follow_redirects=False)

    def create(self, summary: ChangeSummary, seal: str) -> str:
        """Record a change; asked twice for the same seal the service has one record."""
        body = {"seal": seal, "summary": asdict(summary)}
        said = self._asked("POST", self._url, body, {"Idempotency-Key": f'"{seal}"'})
        return self._checked_id(self._parsed(Made, said).id)

    def read(self, record_id: str) -> Record:
        """Return a record as it is now."""
        answer = self._parsed(Answer, self._asked("GET", self._place(record_id)))
        if answer.id not in ("", record_id):
            raise self._odd(f"has another record ({shown(answer.id)}) under {record_id}")
        told = (shown(each) for each in (answer.decidedBy, answer.because, answer.url))
        return Record(record_id, answer.state, answer.seal, *told)

    def close(self, record_id: str, result: Result, notes: str = "") -> None:
        """Say how a change went."""
        self._asked("PATCH", self._place(record_id), {"state": "closed", "result": result, "notes": notes})

    def _place(self, record_id: str) -> str:
        return f"{self._url}/{self._checked_id(record_id)}"

    def _checked_id(self, record_id: str) -> str:
        """Return an identifier. Raises `ChangeRecordRefused` for one that would lead elsewhere in a URL."""
        if not _ID.fullmatch(record_id):
            raise self._odd(f"calls a record {shown(record_id)!r}, which is no identifier")
        return record_id

    def _parsed(self, model: type[_Model], said: bytes) -> _Model:
        try:
            return model.model_validate_json(said)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the answer"
            raise self._odd(f"gives an answer that can't be used ({place}: {first['msg']})") from None

    def _odd(self, what: str) -> ChangeRecordRefused:
        return ChangeRecordRefused(
            f"{self._url}: {what}; see whether the URL is that of the service for change records"
        )

    def _asked(self, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> bytes:  # noqa: ANN401
        """Return the body of an answer that says yes.

        Every request can be sent twice: a record is made once for a seal, and closed as it is closed already. What may
        pass is tried again. Raises `ChangeRecordsAway` when it does not, else `ChangeRecordRefused`.
        """
        content = b"" if body is None else json.dumps(body, sort_keys=True).encode()
        pause, reason = FIRST_PAUSE, ""
        for number in range(1, TRIES + 1):
            asked_for = 0.0
            try:
                status, said, asked_for = self._once(method, url, content, headers or {})
            except httpx.TransportError as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise self._untrusted(error) from None
                reason = (
                    "does not answer in time" if isinstance(error, httpx.TimeoutException) else f"is away ({error})"
                )
            else:
                if httpx.codes.is_success(status):
                    return said
                if status not in _PASSES:
                    raise ChangeRecordRefused(f"{self._url}: {method}: {status}{self._words(status, said)}")
                reason = f"answers {status}{self._words(status, said)}"
            if number < TRIES:
                self._pause(min(max(pause, asked_for), LONGEST_PAUSE))
                pause *= 2
        raise ChangeRecordsAway(f"{self._url}: {reason}, {TRIES} times; run it again later")

    def _once(self, method: str, url: str, content: bytes, headers: dict[str, str]) -> tuple[int, bytes, float]:
        """Send one request and return status, body, and how long the service asks to wait; each is signed anew."""
        timestamp = str(int(self._now()))
        request = self._client.build_request(method, url, content=content, headers=headers)
        path = request.url.raw_path.decode("ascii")
        request.headers[TIMESTAMP_HEADER] = timestamp
        request.headers[SIGNATURE_HEADER] = signature(self._service.secret, timestamp, method, path, content)
        request.headers["Accept"], request.headers["Accept-Encoding"] = "application/json", "identity"
        if content:
            request.headers["Content-Type"] = "application/json"
        end = time.monotonic() + WHOLE_ANSWER
        answer = self._client.send(request, stream=True)
        try:
            said = b""
            for part in answer.iter_bytes():
                said += part
                if len(said) > LONGEST_ANSWER:
                    raise self._odd(f"answers with more than {LONGEST_ANSWER} bytes")
                if time.monotonic() > end:
                    raise httpx.ReadTimeout("the answer does not end", request=request)
        finally:
            answer.close()
        asked_for = answer.headers.get("Retry-After", "")
        return answer.status_code, said, float(asked_for) if asked_for.isdecimal() else 0.0

    def _words(self, status: int, said: bytes) -> str:
        """Return what a refusal says, on one line and without the secret, whoever brings that back."""
        if httpx.codes.is_redirect(status):
            return ": it is elsewhere; give the URL where it is, a signed request is sent nowhere else"
        text = " ".join(said.decode("utf-8", "replace").split())
        secret = self._service.secret.decode("utf-8", "replace")
        return f": {shown(text.replace(secret, '(not shown)'))}" if text else ""

    def _untrusted(self, error: httpx.TransportError) -> ChangeRecordRefused:
        host = urlsplit(self._url).hostname
        fix = "give its authority (webhook.authority in stacks/change-records.yaml), or see what answers there"
        return ChangeRecordRefused(f"{self._url}: the certificate of {host} can't be trusted ({error}); {fix}")
