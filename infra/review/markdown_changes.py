"""What changes, and texts that differ, as Markdown: said once for all that it holds for. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from infra.review.markdown_text import code, codes, fenced, prose, summary
from infra.review.model import SECRET_CHANGED, UNKNOWN
from infra.review.report_words import added_and_removed, amounts, kinds_in_words, of_environments
from infra.review.told import own_names
from infra.review.words import OPERATIONS, number_of, runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.review.budget import Detail, Page
    from infra.review.report_parts import Report
    from infra.review.told import Block, Change, Names, Property, Value

_FEW = 3  # places that are shown open
_OPEN = ("replace", "delete")  # what nobody should have to unfold
_NOTHING = "*nothing*"


def environment_names(names: Sequence[str], most: int = 8) -> str:
    """Return names of environments, or of other things, as words within a line."""
    shown = [prose(name, 60) for name in names[:most]]
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most:,} more"
    return " and ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)


def name_list(page: Page, names: Sequence[str], detail: Detail) -> str:
    """Return names as codes within a line; those that are too many are counted as left out."""
    found = runs(names)
    shown = found[: detail.names]
    left = len(names) - sum(number for _, number in shown)
    if left:
        page.left["names"] += left
    return codes((name for name, _ in shown), 120) + (f" and {left:,} more" if left else "")


def add_blocks(page: Page, report: Report, detail: Detail) -> None:
    """Add what changes, by environments, layer and place."""
    if not report.blocks:
        return
    page.add("", "### What changes")
    few = len(report.blocks) <= _FEW
    shown = page.first(report.blocks, detail.places, "places")
    for environments, blocks in groupby(shown, key=lambda block: block.environments):
        if len(report.environments) > 1:
            page.add("", f"#### {of_environments(environments, report.environments, environment_names(environments))}")
        page.add("")
        for block in blocks:
            _add_block(page, block, detail, few=few)


def _add_block(page: Page, block: Block, detail: Detail, *, few: bool) -> None:
    if not detail.changes:
        page.left["changes"] += sum(each.count for each in block.changes)
        page.add(f"- {prose(block.layer, 60)}, {prose(block.place, 120)}: {amounts(block)}")
        return
    opened = " open" if few or any(each.operation in _OPEN for each in block.changes) else ""
    title = f"<b>{summary(block.place, 120)}</b> ({summary(block.layer, 60)})"
    page.add(f"<details{opened}><summary>{title}: {amounts(block)}</summary>", "")
    for shared in page.first(block.shared, detail.changes, "changes"):
        add_property(page, shared.told, detail, indent=0, label=f"**changed** in {kinds_in_words(shared)}: ")
    for change in page.first(block.changes, detail.changes, "changes"):
        _add_change(page, change, detail)
    page.add("", "</details>", "")


def _add_change(page: Page, change: Change, detail: Detail) -> None:
    word = f"**{OPERATIONS[change.operation]}**"
    protected = " (protected)" if change.protected else ""
    as_said = ", as said above" if change.more and not change.properties else ""
    own = own_names(change.names)
    number = change.count if own is None else len(own)
    what = change.kind if number == 1 else number_of(number, change.kind)
    page.add(f"- {word}{as_said}: {prose(what, 120)} {names_once(page, change.names, detail)}{protected}")
    if change.because:
        page.add(f"  - {prose(change.because, detail.characters)}")
    for told in page.first(change.properties, detail.properties, "properties"):
        add_property(page, told, detail, indent=2)


def names_once(page: Page, names: Names, detail: Detail) -> str:
    """Return names, once where they are the same in all environments."""
    own = own_names(names)
    if own is not None:
        return name_list(page, own, detail)
    shown = page.first(names, detail.names, "environments")
    return "; ".join(f"in {prose(environment, 60)}: {name_list(page, own, detail)}" for environment, own in shown)


def add_property(page: Page, told: Property, detail: Detail, *, indent: int, label: str = "") -> None:
    """Add a property with its values; `label`, as Markdown, says what it is of."""
    marks = "".join(f", **{mark}**" for mark in told.marks)
    line = f"{' ' * indent}- {label}{code(told.path, detail.characters)}{marks}"
    if told.see:
        page.add(f"{line}: differs as the text “{prose(told.see, 120)}” does")
        return
    if len(told.values) == 1 and not told.values[0].environments:
        _add_value(page, f"{line}: ", told.values[0], detail, indent + 2)
        return
    page.add(line)
    for value in page.first(told.values, detail.names, "values"):
        where = environment_names(value.environments) if value.environments else "everywhere"
        _add_value(page, f"{' ' * (indent + 2)}- in {where}: ", value, detail, indent + 4)


def _add_value(page: Page, line: str, value: Value, detail: Detail, indent: int) -> None:
    if not value.lines:
        page.add(f"{line}{_change(value, detail)}")
        return
    page.add(f"{line}{added_and_removed(value.lines)}")
    _add_lines(page, value.lines, detail, indent)


def _add_lines(page: Page, lines: Sequence[str], detail: Detail, indent: int) -> None:
    shown = page.first(lines, detail.text_lines, "lines of texts")
    if shown:
        page.add(*fenced(shown, indent, detail.characters))
    if shown and len(lines) > len(shown):
        page.add(f"{' ' * indent}… {len(lines) - len(shown):,} more lines")


def _change(value: Value, detail: Detail) -> str:
    if value.old == value.new == SECRET_CHANGED:
        return SECRET_CHANGED
    return f"{_one(value.old, detail)} → {_one(value.new, detail)}"


def _one(value: str, detail: Detail) -> str:
    if value == UNKNOWN:
        return f"*{UNKNOWN.strip('[]')}*"
    if value == SECRET_CHANGED:
        return SECRET_CHANGED
    return code(value, detail.characters) if value else _NOTHING


def add_texts(page: Page, report: Report, detail: Detail) -> None:
    """Add texts that differ: first-boot documents, values of charts, objects."""
    if not report.texts:
        return
    page.add("", "### Texts that differ", "")
    for each in page.first(report.texts, detail.places, "texts"):
        names = [name for _, own in each.names for name in own if name]
        environments = tuple(environment for environment, _ in each.names)
        whose = [f"of {number_of(len(names), 'node')}" if len(names) > 1 else f"of {names[0]}"] if names else []
        whose += [f"in {', '.join(environments[:8])}"] if len(report.environments) > 1 else []
        said = f"{' '.join(whose)}: {added_and_removed(each.lines)}".removeprefix(": ")
        if not detail.text_lines:
            page.left["lines of texts"] += len(each.lines)
            page.add(f"- {prose(each.title, 120)} {prose(said)}")
            continue
        page.add(f"<details><summary><b>{summary(each.title, 120)}</b> {summary(said)}</summary>", "")
        if len(names) > 1:
            page.add(f"of {name_list(page, names, detail)}", "")
        _add_lines(page, each.lines, detail, 0)
        page.add("", "</details>", "")
