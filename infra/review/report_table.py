"""The table of layers in a report: only those where something happens, only the columns that say something. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.review.report_parts import COLUMNS

if TYPE_CHECKING:
    from infra.review.model import Verdict
    from infra.review.report_parts import Report, Row

_STAY = "stay as they are"


@dataclass(frozen=True)
class Line:
    """One layer: its environment and name, its verdict, and its numbers as texts, empty for none."""

    environment: str
    layer: str
    verdict: Verdict
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Layers in which something happens, with the titles of their `numbers`.

    `verdicts` says that they do not all have the same verdict. `quiet` are the stacks in which nothing would change.
    """

    numbers: tuple[str, ...]
    verdicts: bool
    lines: tuple[Line, ...]
    quiet: tuple[str, ...]


def table_of(report: Report) -> Table:
    """Return the table of a report."""
    rows = [row for row in report.rows if row.verdict != "no change"]
    titles = (*COLUMNS, "other", _STAY)
    numbers = [_numbers(row) for row in rows]
    used = [index for index in range(len(titles)) if any(each[index] for each in numbers)]
    return Table(
        numbers=tuple(titles[index] for index in used),
        verdicts=any(row.verdict != "changes" for row in rows),
        lines=tuple(
            Line(row.environment, row.layer, row.verdict, tuple(f"{each[i]:,}" if each[i] else "" for i in used))
            for row, each in zip(rows, numbers, strict=True)
        ),
        quiet=tuple(f"{row.environment}.{row.layer}" for row in report.rows if row.verdict == "no change"),
    )


def _numbers(row: Row) -> tuple[int, ...]:
    """Return how much changes how, and how much stays; of a layer that could not be previewed nobody knows."""
    if row.verdict != "changes":
        return (0,) * (len(COLUMNS) + 2)
    return (*row.counts, row.other, row.unchanged + row.noise)
