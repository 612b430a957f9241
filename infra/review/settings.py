"""What reviews go by, read through the catalogue: exceptions from rules, and where changes are recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.counting import counted
from infra.errors import DocumentsRefused
from infra.model.change_records import ChangeRecordSettings
from infra.model.exceptions import Exceptions
from infra.model.rules.finding import Finding
from infra.review.exceptions import SOURCE, exception_refusals, exception_warnings
from infra.review.rules.engine import known_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from infra.catalog import Catalog
    from infra.documents import RawDocument
    from infra.errors import Refusal
    from infra.model.exceptions import RuleException

CHANGE_RECORDS = "stacks/change-records.yaml"


def load_exceptions(catalog: Catalog, today: date) -> tuple[RuleException, ...]:
    """Return the exceptions of a checkout, also those that have ended; none without a file.

    Raises `DocumentsRefused` for a file that is not accepted.
    """
    read = catalog.optional(SOURCE, Exceptions)
    if read is None:
        return ()
    document, exceptions = read
    refusals = _at_their_lines(document, exception_refusals(exceptions, known_rules(), today))
    if refusals:
        raise DocumentsRefused(refusals)
    return tuple(exceptions.exceptions)


def load_change_records(catalog: Catalog) -> ChangeRecordSettings:
    """Return where changes are recorded; nowhere without a file. Raises `DocumentsRefused`."""
    read = catalog.optional(CHANGE_RECORDS, ChangeRecordSettings)
    if read is None:
        return ChangeRecordSettings()
    document, settings = read
    refusals = _at_their_lines(document, _change_record_refusals(settings))
    if refusals:
        raise DocumentsRefused(refusals)
    return settings


def review_documents(catalog: Catalog, today: date) -> tuple[list[str], list[Refusal]]:
    """Return what `validate` says of the documents that reviews go by, and why they are not accepted."""
    said: list[str] = []
    refusals: list[Refusal] = []
    try:
        exceptions = load_exceptions(catalog, today)
    except DocumentsRefused as refused:
        refusals += refused.refusals
    else:
        read = catalog.optional(SOURCE, Exceptions)
        if exceptions and read is not None:
            said.append(f"{SOURCE}: valid: {counted(len(exceptions), 'exception')}")
            warnings = _at_their_lines(read[0], exception_warnings(read[1], today))
            said += [f"  warning: {warning}" for warning in warnings]
    try:
        settings = load_change_records(catalog)
    except DocumentsRefused as refused:
        refusals += refused.refusals
    else:
        if settings.file is not None or settings.webhook is not None:
            place = "a folder" if settings.file is not None else "a service"
            said.append(f"{CHANGE_RECORDS}: valid: changes are recorded in {place}")
    return said, refusals


def _change_record_refusals(settings: ChangeRecordSettings) -> Iterator[Finding]:
    if settings.file is None and settings.webhook is None:
        yield Finding("", "", "names no place", "give one of file and webhook, or remove the document")
    if settings.file is not None and settings.webhook is not None:
        yield Finding("file", "", "stands beside webhook, and one place has the truth", "give one of the two")


def _at_their_lines(document: RawDocument, findings: Iterable[Finding]) -> list[Refusal]:
    return [document.finding(found.path, found.value, found.reason, found.fix) for found in findings]
