"""`slipway release diff`: what differs between two releases, as a table for people, Markdown or JSON."""

from __future__ import annotations

import io
import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from infra.catalog import Catalog
from infra.counting import counted
from infra.errors import NotPossibleHere
from infra.review.release_changes import release_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from infra.model.release import Release
    from infra.review.model import ReleaseChange

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SHOWN_DIGEST = len("sha256:") + 12
_WIDEST = 160  # columns of the table where nobody says how many there are


def release_diff(old_version: str, new_version: str, form: str = "table", catalog: Catalog | None = None) -> str:
    """Return what differs between two releases, as `table`, `md` or `json`, with a line break at its end.

    Raises `NotPossibleHere` for another form, `DocumentsRefused` for a release that is none or is refused.
    """
    if form not in _FORMS:
        raise NotPossibleHere("--format", f"{form} is no form of a difference", f"use {', '.join(_FORMS)}")
    catalog = catalog or Catalog()
    old, new = catalog.load_release(old_version), catalog.load_release(new_version)
    return _FORMS[form](old, new, release_changes(old, new))


def _as_json(old: Release, new: Release, changes: Sequence[ReleaseChange]) -> str:
    data = {"old": old.version, "new": new.version, "changes": [asdict(change) for change in changes]}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _as_markdown(old: Release, new: Release, changes: Sequence[ReleaseChange]) -> str:
    lines = [_headline(old, new, changes)]
    if changes:
        lines += ["", f"| what | {old.version} | {new.version} |", "| --- | --- | --- |"]
    lines += [f"| {' | '.join(_cell(text) for text in _row(change))} |" for change in changes]
    return "\n".join(lines) + "\n"


def _as_table(old: Release, new: Release, changes: Sequence[ReleaseChange]) -> str:
    out = io.StringIO()
    console = Console(file=out, highlight=False, markup=False, width=_WIDEST)
    console.print(_headline(old, new, changes))
    if changes:
        table = Table("what", old.version, new.version, box=None, pad_edge=False)
        for change in changes:
            table.add_row(*_row(change))
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _headline(old: Release, new: Release, changes: Sequence[ReleaseChange]) -> str:
    if not changes:
        return f"{old.version} to {new.version}: nothing differs"
    return f"{old.version} to {new.version}: {counted(len(changes), 'difference')}"


def _row(change: ReleaseChange) -> tuple[str, str, str]:
    """Return a change as people read it; what was or will not be there is said, digests are cut."""
    absent = "not pinned" if change.name.endswith(".digest") else "-"
    old, new = (
        _DIGEST.sub(lambda found: found[0][:_SHOWN_DIGEST], text) or absent for text in (change.old, change.new)
    )
    if change.name.endswith(".digest"):
        return change.name, old, new
    return change.name, old, f"{new} (added)" if not change.old else "removed" if not change.new else new


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_FORMS: dict[str, Callable[[Release, Release, Sequence[ReleaseChange]], str]] = {
    "table": _as_table,
    "md": _as_markdown,
    "json": _as_json,
}
