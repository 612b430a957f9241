"""Change records in a folder: one JSON file each. Reads and writes files.

A record is approved by `slipway change approve ID`, or by a person who writes the decision into its file. Whoever may
write there can approve: the folder's rights, or the review of a merge request that has the file, are what is believed.
Where that is not enough, records belong into a service (`webhook.py`).
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from infra.charts.record import write_whole
from infra.errors import NotPossibleHere
from infra.review.change_records.record import ChangeRecordRefused, ChangeRecords, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from infra.review.change_records.record import ChangeSummary, Result, State

_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,120}")
_LONGEST_NAMES = 40  # characters of an identifier that name environments
_SEAL_CHARACTERS = 12  # of a seal's hash, in an identifier: enough to tell records apart, the whole hash stands inside


class Decision(BaseModel):
    """What somebody decided, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Literal["approved", "refused"]
    by: str
    at: str = ""
    because: str = ""


class Closing(BaseModel):
    """How it went, and when that was said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    result: Literal["successful", "failed", "not run"]
    at: str
    notes: str = ""


class RecordFile(BaseModel):
    """One record as it stands in its file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    id: str
    made: str
    seal: str
    summary: dict[str, Any]
    decision: Decision | None = None
    closed: Closing | None = None

    @property
    def state(self) -> State:
        """Its state."""
        if self.closed is not None:
            return "closed"
        return "open" if self.decision is None else self.decision.state


class FolderRecords(ChangeRecords):
    """The records of a folder; `now` says the time."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._folder = folder
        self._now = now

    def create(self, summary: ChangeSummary, seal: str) -> str:
        """Record a change; one of the same seal that is open or approved is taken."""
        names = "-".join(summary.environments)[:_LONGEST_NAMES].strip("-.") or "change"
        stem = f"{names}-{seal.rpartition(':')[2][:_SEAL_CHARACTERS]}"
        self._make_folder()
        with self._alone():
            for number in count(1):
                record_id = stem if number == 1 else f"{stem}-{number}"
                if not self._file(record_id).exists():
                    break
                there = self._read(record_id)
                if there.seal == seal and there.state in ("open", "approved"):
                    return record_id
            self._write(RecordFile(id=record_id, made=self._time(), seal=seal, summary=asdict(summary)))
        return record_id

    def read(self, record_id: str) -> Record:
        """Return a record as it is now."""
        found = self._read(record_id)
        by, because = (found.decision.by, found.decision.because) if found.decision else ("", "")
        return Record(found.id, found.state, found.seal, by, because, str(self._file(record_id)))

    def close(self, record_id: str, result: Result, notes: str = "") -> None:
        """Say how a change went. Raises `NotPossibleHere` for a refused one, or one closed with another result."""
        with self._alone():
            found = self._read(record_id)
            if found.closed is not None and found.closed.result == result:
                return
            if found.state in ("closed", "refused"):
                how = f"is closed already ({found.closed.result})" if found.closed else "was refused"
                raise NotPossibleHere(record_id, how, "make a record of the next change")
            closed = Closing(result=result, at=self._time(), notes=notes)
            self._write(found.model_copy(update={"closed": closed}))

    def approve(self, record_id: str, by: str, because: str = "") -> None:
        """Approve a change. Raises `NotPossibleHere` for one that is not open, or that the same person asked for."""
        self._decide(record_id, "approved", by, because)

    def refuse(self, record_id: str, by: str, because: str) -> None:
        """Refuse a change. Raises `NotPossibleHere` for one that is not open."""
        self._decide(record_id, "refused", by, because)

    def records(self) -> list[Record]:
        """Return all records, by identifier."""
        return [self.read(name) for name in sorted(file.stem for file in self._folder.glob("*.json"))]

    def summary(self, record_id: str) -> dict[str, Any]:
        """Return what a record says of its change, as plain data."""
        return self._read(record_id).summary

    def _decide(self, record_id: str, state: Literal["approved", "refused"], by: str, because: str) -> None:
        with self._alone():
            found = self._read(record_id)
            if found.state != "open":
                raise NotPossibleHere(record_id, f"is {found.state} already", "make a record of the next change")
            if state == "approved" and by == found.summary.get("requested_by"):
                raise NotPossibleHere(record_id, f"{by} asked for it", "let somebody else look at it and approve it")
            decision = Decision(state=state, by=by, at=self._time(), because=because)
            self._write(found.model_copy(update={"decision": decision}))

    def _read(self, record_id: str) -> RecordFile:
        file = self._file(record_id)
        try:
            found = RecordFile.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            reason = f"there is no such record in {self._folder}"
            raise NotPossibleHere(record_id, reason, "see: slipway change list") from None
        except OSError as error:
            raise ChangeRecordRefused(f"{file}: can't be read ({error.strerror}); let yourself read it") from None
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the file"
            fix = "bring it back from git, or mend it by hand"
            raise ChangeRecordRefused(f"{file}: is no change record ({place}: {first['msg']}); {fix}") from None
        if found.id != record_id:
            raise ChangeRecordRefused(f"{file}: has the record {found.id}; give the file that name back")
        return found

    def _file(self, record_id: str) -> Path:
        """Return the file of a record. Raises `NotPossibleHere` for what no record is called: it may lead elsewhere."""
        if not _ID.fullmatch(record_id):
            raise NotPossibleHere(record_id, "is not the identifier of a record", "see: slipway change list")
        return self._folder / f"{record_id}.json"

    def _write(self, record: RecordFile) -> None:
        try:
            write_whole(self._file(record.id), record.model_dump_json(indent=2) + "\n")
        except OSError as error:
            reason = f"can't be written ({error.strerror})"
            raise ChangeRecordRefused(f"{self._folder}: {reason}; let yourself write there") from None

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = f"can't be made ({error.strerror})"
            raise ChangeRecordRefused(f"{self._folder}: {reason}; name another folder") from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder while something in it is read and written; the lock ends with its process."""
        try:
            place = os.open(self._folder, os.O_RDONLY)
        except FileNotFoundError:
            yield  # nothing is in it, and what is asked for says so
            return
        try:
            fcntl.flock(place, fcntl.LOCK_EX)
            yield
        finally:
            os.close(place)

    def _time(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
