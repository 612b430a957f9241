"""What was approved is what runs: a seal is held against what would happen now, before anything is touched."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.errors import PersonError
from infra.operate.change_records import change_records
from infra.operate.review_layers import review_layers
from infra.review.seal import PlanRefused, check_sealed
from infra.review.seal_file import read_seal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.operate.engine import LayerStack
    from infra.review.change_records.record import ChangeRecords, Result
    from infra.review.seal import Seal


_PATIENCE = 7 * 24 * 3600.0  # seconds that an approval is waited for; Ctrl-C ends it before


class Approved:
    """A seal that a run keeps to, layer by layer; `ran` are the stacks that it has carried out."""

    def __init__(self, environment: str, seal: Seal) -> None:
        self._environment = environment
        self._seal = seal
        self._ran: list[str] = []

    @classmethod
    def of(cls, environment: str, file: Path, approved_hash: str) -> Approved:
        """Return the seal of a file. Raises `PlanRefused` for one that is broken, or is not the approved one."""
        return cls(environment, read_seal(file, approved_hash))

    @contextmanager
    def on_record(self, record: str) -> Iterator[None]:
        """Wait until a change record of this seal is approved; close it with how what is done within went.

        Raises `NotApproved`, `ChangeRecordsAway`, `ChangeRecordRefused`; nothing is closed before it was approved.
        """
        records = change_records()
        print(f"waiting for the approval of {record}", flush=True)
        records.wait_for_approval(record, _PATIENCE, self._seal.hash)
        try:
            yield
        except PlanRefused as refused:
            _close_after(records, record, "not run", str(refused))
            raise
        except BaseException as error:
            _close_after(records, record, "failed", f"{type(error).__name__}: {error}")
            raise
        records.close(record, "successful", f"carried out: {', '.join(self._ran)}")

    def check(self, stacks: list[str]) -> None:
        """Preview stacks, and raise `PlanRefused` unless they would do what was approved."""
        reviewed = review_layers(self._environment, stacks)
        missing = [
            f"{each.layer.stack}: {each.layer.verdict}: {each.layer.reason}" for each in reviewed if each.sealed is None
        ]
        unseen = sorted(set(stacks) - {each.layer.stack for each in reviewed})
        missing += [f"{stack}: nobody has seen what would become of it" for stack in unseen]
        if missing:
            fix = "review it again, and have that approved"
            raise PlanRefused("\n".join([*missing, f"what can't be previewed can't be held against the seal; {fix}"]))
        check_sealed(self._seal, [each.sealed for each in reviewed if each.sealed is not None], self._ran)

    def has_run(self, stack: LayerStack) -> None:
        """Note that a layer has been carried out: what it hands over may differ for those above."""
        self._ran.append(stack.name)


def _close_after(records: ChangeRecords, record: str, result: Result, notes: str) -> None:
    """Close a record after something went wrong: when that fails, too, it is said, and what went wrong stays first."""
    try:
        records.close(record, result, notes)
    except PersonError as trouble:
        print(f"{record}: can't be closed as {result}: {trouble}", file=sys.stderr, flush=True)
