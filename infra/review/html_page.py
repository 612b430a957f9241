"""A report as one HTML file: nothing from elsewhere, no scripts, light and dark, for screens of any width and paper."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from infra.render import render
from infra.review.budget import PAGE
from infra.review.model import SECRET_CHANGED, UNKNOWN
from infra.review.ranks import is_grave
from infra.review.report_table import table_of
from infra.review.report_words import (
    added_and_removed,
    amounts,
    kinds_in_words,
    legend,
    missing_previews,
    of_environments,
)
from infra.review.safe_text import clipped
from infra.review.symbols import GPU_WORDS, REFUSED_SYMBOL, SYMBOLS
from infra.review.told import own_names
from infra.review.words import OPERATIONS, in_words, number_of, runs, things

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.review.report_parts import Report
    from infra.review.told import Block, Change

_FEW = 3  # places that are shown open
_OPEN = ("replace", "delete")  # what nobody should have to unfold
_DIFFERENCE = {"+": "added", "-": "gone", "@": "place"}  # classes of lines, by what they begin with
_TONES = {"no change": "well", "changes": "news", "not previewable": "unknown", "preview failed": "wrong"}


def html_page(report: Report) -> str:
    """Return a report as HTML."""
    few = len(report.blocks) <= _FEW
    return render(
        "pages/review.html.j2",
        {
            "report": report,
            "symbol": REFUSED_SYMBOL if report.refused else SYMBOLS[report.verdict],
            "tone": "wrong" if report.refused else _TONES[report.verdict],
            "groups": _groups(report),
            "table": table_of(report),
            "legend": legend(report),
            "missing": missing_previews(report),
            "symbols": SYMBOLS,
            "operations": OPERATIONS,
            "gpu_words": GPU_WORDS,
            "secret": SECRET_CHANGED,
            "unknown": UNKNOWN,
            "most": PAGE,
            "seen": partial(clipped, most=PAGE.characters),
            "line_class": lambda line: _DIFFERENCE.get(line[:1], ""),
            "is_open": lambda block: few or any(each.operation in _OPEN for each in block.changes),
            "is_grave": is_grave,
            "own_names": own_names,
            "names": _names,
            "what": _what,
            "amounts": amounts,
            "kinds_in_words": kinds_in_words,
            "added_and_removed": added_and_removed,
            "in_words": in_words,
            "things": things,
        },
    )


def _groups(report: Report) -> list[tuple[str, list[Block]]]:
    """Return what changes by the environments that it changes in, under the heading that says which."""
    every = report.environments
    return [
        ("" if len(every) == 1 else of_environments(environments, every, in_words(environments)), list(blocks))
        for environments, blocks in groupby(report.blocks[: PAGE.places], key=lambda block: block.environments)
    ]


def _names(names: Sequence[str]) -> list[str]:
    """Return names to be shown, numbered ones in one; of far too many the first ones, and how many are left."""
    found = runs(names)
    shown = [clipped(name, PAGE.characters) for name, _ in found[: PAGE.names]]
    left = sum(number for _, number in found[PAGE.names :])
    return [*shown, *([f"… and {left:,} more"] if left else [])]


def _what(change: Change) -> str:
    """Return how many things of which kind a change is of; in each environment where they are the same there."""
    own = own_names(change.names)
    number = change.count if own is None else len(own)
    return change.kind if number == 1 else number_of(number, change.kind)
