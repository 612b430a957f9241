"""Sentences that every form of a report has in common. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from infra.review.report_parts import COLUMNS
from infra.review.told import said_lines
from infra.review.words import OPERATIONS, number_of, some, things

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.review.report_parts import Report
    from infra.review.told import Block, Shared

_MEANINGS = {
    "removed": "is deleted",
    "replaced": "is deleted and made anew",
    "changed": "changes where it is",
    "new": "is made",
    "forgotten": "stays where it is, and is no longer looked after",
    "taken over": "is there already, and is looked after from now on",
}
_KINDS = 4  # that are named of a property that many have


def amounts(block: Block) -> str:
    """Return how much changes how in a place: `2 replaced, 43 changed`, for each environment where it is the same."""
    counts: dict[str, Counter[str]] = {environment: Counter() for environment in block.environments}
    for change in block.changes:
        for environment, names in change.names:
            counts[environment][OPERATIONS[change.operation]] += len(names)
    all_counts = list(counts.values())
    same = all(each == all_counts[0] for each in all_counts)
    total = all_counts[0] if same else sum(all_counts, Counter())
    words = [*COLUMNS, *sorted(set(OPERATIONS.values()) - set(COLUMNS))]
    said = ", ".join(f"{total[word]:,} {word}" for word in words if total[word])
    if len(all_counts) == 1:
        return said
    return f"{said}, in each" if same else f"{said}, together"


def legend(report: Report) -> list[tuple[str, str]]:
    """Return what the words mean that a report has for what happens to things."""
    used = {OPERATIONS[change.operation] for block in report.blocks for change in block.changes}
    return [(word, meaning) for word, meaning in _MEANINGS.items() if word in used]


def kinds_in_words(shared: Shared) -> str:
    """Return of what a property is that many have: `12 Deployments`, or `43 things (12 Deployments, 9 Services)`."""
    per_environment = [kinds for _, kinds in shared.kinds]
    same = all(kinds == per_environment[0] for kinds in per_environment)
    counts: Counter[str] = Counter()
    for kinds in per_environment[:1] if same else per_environment:
        counts.update(dict(kinds))
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    named = some([number_of(number, kind) for kind, number in ordered], _KINDS)
    where = "" if len(per_environment) == 1 else " in each" if same else " together"
    return f"{named}{where}" if len(ordered) == 1 else f"{things(sum(counts.values()))}{where} ({named})"


def missing_previews(report: Report) -> list[tuple[str, str, list[str]]]:
    """Return what there is instead of previews, why, and of which stacks; what the dangers say is not said again."""
    stacks: dict[tuple[str, str], list[str]] = {}
    for row in report.rows:
        if row.reason and not any(row.reason in each.why for each in report.dangers):
            what = "preview failed" if row.verdict == "preview failed" else "no preview"
            stacks.setdefault((what, row.reason), []).append(f"{row.environment}.{row.layer}")
    return [(what, reason, found) for (what, reason), found in stacks.items()]


def added_and_removed(lines: Sequence[str]) -> str:
    """Return how many lines of a difference are new and gone: `+3 -2 lines`."""
    said = said_lines(tuple(lines))
    added = sum(line.startswith("+") for line in said)
    return f"+{added:,} -{len(said) - added:,} lines"


def of_environments(environments: Sequence[str], every: Sequence[str], names: str) -> str:
    """Return a heading for what changes in some of all environments, `names` being theirs as they are shown."""
    if len(environments) == 1:
        return f"Only in {names}"
    return f"In all of them: {names}" if len(environments) == len(every) else f"In {names}"
