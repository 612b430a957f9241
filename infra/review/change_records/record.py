"""What a change record is, what every place of them can do, and how approval is waited for."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from infra.errors import PersonError

if TYPE_CHECKING:
    from collections.abc import Callable

State = Literal["open", "approved", "refused", "closed"]
Result = Literal["successful", "failed", "not run"]
FIRST_WAIT = 2.0  # seconds until a record is looked at again
LONGEST_WAIT = 30.0  # seconds; people take minutes, and a service is not to be asked for nothing


class ChangeRecordsAway(PersonError):
    """A place of records that can't be reached right now: time may mend it."""


class ChangeRecordRefused(PersonError):
    """Something that a place of records does not do, or an answer that can't be believed."""


class NotApproved(PersonError):
    """A change that nobody has approved, that somebody has refused, or whose approval is for another plan."""


@dataclass(frozen=True)
class ChangeSummary:
    """What people read of a change before they approve it.

    `operations` are numbers of resources by what would happen to them, `dangers` what to see first, `rules` what rules
    found and whether it is excepted; `revision` is the one that was reviewed.
    """

    title: str
    requested_by: str
    environments: tuple[str, ...] = ()
    operations: dict[str, int] = field(default_factory=dict)
    dangers: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    revision: str = ""


@dataclass(frozen=True)
class Record:
    """A record as its place has it; `seal` is the hash that it is about, `url` where people see it, if anywhere."""

    id: str
    state: State
    seal: str
    decided_by: str = ""
    because: str = ""
    url: str = ""


class ChangeRecords(ABC):
    """A place where changes are recorded.

    Every method may raise `ChangeRecordsAway` and `ChangeRecordRefused`.
    """

    @abstractmethod
    def create(self, summary: ChangeSummary, seal: str) -> str:
        """Record a change and return its identifier; of one that is recorded already the one it has."""

    @abstractmethod
    def read(self, record_id: str) -> Record:
        """Return a record as it is now."""

    @abstractmethod
    def close(self, record_id: str, result: Result, notes: str = "") -> None:
        """Say how a change went; one that is closed with the same result is fine."""

    def state(self, record_id: str) -> State:
        """Return the state of a record."""
        return self.read(record_id).state

    def wait_for_approval(
        self,
        record_id: str,
        patience: float,
        seal: str,
        *,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> Record:
        """Return a record once it is approved; `patience` is in seconds, `seal` the hash that is to be carried out.

        A place that is away for a while is asked again. Raises `NotApproved` when it is refused, closed, about another
        seal, or still open at the end, and `ChangeRecordsAway` when it was away then.
        """
        deadline = clock() + patience
        wait = FIRST_WAIT
        while True:
            away: ChangeRecordsAway | None = None
            try:
                record = self.read(record_id)
            except ChangeRecordsAway as error:
                away = error
            else:
                if decided(record, seal):
                    return record
            left = deadline - clock()
            if left <= 0:
                fix = f"look again with the same record: {record_id}"
                raise away or NotApproved(f"{record_id}: nobody has approved it yet; {fix}")
            pause(min(wait, left))
            wait = min(wait * 2, LONGEST_WAIT)


def decided(record: Record, seal: str) -> bool:
    """Whether a record is approved for a seal; not yet while it is open.

    Raises `NotApproved` for one that is refused, closed or about another seal.
    """
    if record.seal != seal:
        reason = f"is about another plan ({record.seal}) than this one ({seal})"
        raise NotApproved(f"{record.id}: {reason}; give the plan that was approved, or make a record of this one")
    if record.state == "refused":
        who = f" by {record.decided_by}" if record.decided_by else ""
        why = f": {record.because}" if record.because else ""
        raise NotApproved(f"{record.id}: was refused{who}{why}; change what is asked for, and review it anew")
    if record.state == "closed":
        raise NotApproved(f"{record.id}: is closed: it has been carried out or given up; review anew")
    return record.state == "approved"
