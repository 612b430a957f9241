"""From a review to what a change record says of it. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from infra.counting import counted
from infra.review.change_records.record import ChangeSummary

if TYPE_CHECKING:
    from infra.review.model import Danger, Review, RuleResult

LONGEST_TITLE = 160  # characters: what ServiceNow's short_description takes
MOST_LINES = 50  # dangers and rules that a record tells; the review itself has them all


def summary_of(review: Review, requested_by: str) -> ChangeSummary:
    """Return what a change record says of a review."""
    operations = Counter(change.operation for layer in review.layers for change in layer.changes)
    environments = tuple(each.environment for each in review.environments)
    counts = ", ".join(f"{number} to {operation}" for operation, number in sorted(operations.items()))
    title = f"Slipway: {', '.join(environments)}: {counts or 'no change'}"
    return ChangeSummary(
        title=title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 3]}...",
        requested_by=requested_by,
        environments=environments,
        operations=dict(sorted(operations.items())),
        dangers=_capped([_danger(each) for each in sorted(review.dangers)], "danger"),
        rules=_capped([_rule(each) for each in review.rules], "result"),
        revision=review.revision,
    )


def _danger(danger: Danger) -> str:
    return f"{danger.stack}: {danger.what}: {', '.join(danger.subjects)} ({danger.why})"


def _rule(result: RuleResult) -> str:
    severity = f"excepted {result.excepted}" if result.excepted else result.severity
    return f"{result.rule} ({severity}): {result.subject} {result.message}"


def _capped(lines: list[str], what: str) -> tuple[str, ...]:
    rest = len(lines) - MOST_LINES
    return (*lines[:MOST_LINES], *((f"and {counted(rest, what)} more",) if rest > 0 else ()))
