"""`slipway change`: the records of a folder, read and decided on by people."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

from infra.catalog import Catalog
from infra.errors import NotPossibleHere
from infra.review.change_records.choice import open_change_records
from infra.review.change_records.folder import FolderRecords
from infra.review.settings import CHANGE_RECORDS, load_change_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.review.change_records.record import ChangeRecords


def list_changes(catalog: Catalog | None = None) -> Iterator[str]:
    """Yield a line for each record. Raises as `_folder` does."""
    for record in _folder(catalog or Catalog()).records():
        by = f" by {record.decided_by}" if record.decided_by else ""
        yield f"{record.id}: {record.state}{by}"


def show_change(record_id: str, catalog: Catalog | None = None) -> Iterator[str]:
    """Yield what somebody who decides has to know of a change. Raises as `_folder` does."""
    folder = _folder(catalog or Catalog())
    record, summary = folder.read(record_id), folder.summary(record_id)
    yield f"{record.id}: {record.state}{f' by {record.decided_by}' if record.decided_by else ''}"
    yield f"  {summary.get('title', '')}"
    yield f"  asked for by {summary.get('requested_by', 'nobody known')}, revision {summary.get('revision') or 'none'}"
    yield f"  seal {record.seal}"
    for what in ("dangers", "rules"):
        yield from (f"  {what}: {line}" for line in summary.get(what) or ())


def decide_change(
    record_id: str, *, approve: bool, because: str, catalog: Catalog | None = None, by: str | None = None
) -> str:
    """Approve or refuse a change as `by`, who else is who runs this; return what to say. Raises `NotPossibleHere`."""
    folder, by = _folder(catalog or Catalog()), by or person()
    if approve:
        folder.approve(record_id, by, because)
    else:
        folder.refuse(record_id, by, because)
    return f"{record_id}: {'approved' if approve else 'refused'} by {by}"


def change_records(catalog: Catalog | None = None) -> ChangeRecords:
    """Return the place where changes are recorded. Raises `NotPossibleHere` where there is none."""
    catalog = catalog or Catalog()
    found = open_change_records(load_change_records(catalog), catalog.root, os.environ)
    if found is None:
        fix = "say where in it: docs/change-records.md"
        raise NotPossibleHere(CHANGE_RECORDS, "names no place where changes are recorded", fix)
    return found


def person() -> str:
    """Return who runs this, as the system knows them: no variable of the environment changes it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run as somebody whom its system does not know
        return f"user {os.getuid()}"


def _folder(catalog: Catalog) -> FolderRecords:
    """Return the folder of records. Raises `NotPossibleHere` where there is none, `DocumentsRefused` for settings."""
    settings = load_change_records(catalog)
    if settings.file is None:
        if settings.webhook is not None:
            raise NotPossibleHere(CHANGE_RECORDS, "records changes in a service", "decide there")
        fix = "make it, with the line `file: {}`"
        raise NotPossibleHere(CHANGE_RECORDS, "is not there, so no changes are recorded", fix)
    records = open_change_records(settings, catalog.root, {})
    assert isinstance(records, FolderRecords)  # noqa: S101 - without variables the settings say so
    return records
