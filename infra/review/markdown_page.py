"""A report as Markdown for a comment under a merge request: GitHub, GitLab, Gitea and Forgejo. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.review.budget import LEAST, LEVELS, Full, Page
from infra.review.markdown_changes import (
    add_blocks,
    add_property,
    add_texts,
    environment_names,
    name_list,
    names_once,
)
from infra.review.markdown_text import code, prose
from infra.review.ranks import is_grave
from infra.review.report_table import table_of
from infra.review.report_words import legend, missing_previews
from infra.review.symbols import GPU_WORDS, REFUSED_SYMBOL, SYMBOLS
from infra.review.told import own_names
from infra.review.words import things

if TYPE_CHECKING:
    from infra.review.budget import Detail
    from infra.review.report_parts import Report
    from infra.review.told import ToldDanger, ToldRule

_TOP = 3  # lines: the heading and the verdict
_RESERVED = 700  # characters for what is said of that which was left out


def markdown_page(report: Report, characters: int, whole: str) -> str:
    """Return a report in so many characters; `whole` says where all of it stands.

    Raises `ValueError` for fewer characters than a verdict needs.
    """
    room = characters - len(whole)
    if room < LEAST:
        raise ValueError(f"a review needs {LEAST + len(whole)} characters at least, not {characters}")
    for detail in LEVELS:
        page = Page(room - _RESERVED)
        try:
            _fill(page, report, detail)
        except Full:
            continue
        left = ", ".join(f"{number:,} {what}" for what, number in sorted(page.left.items()))
        note = ["", f"**Shortened.** Left out here: {left}. {whole}"] if left else []
        return "\n".join([*page.lines[:_TOP], *note, *page.lines[_TOP:]]) + "\n"
    return f"{_heading(report, 1)}\n\n**{report.word}.** There is no room here for more. {whole}\n"


def _heading(report: Report, most: int) -> str:
    symbol = REFUSED_SYMBOL if report.refused else SYMBOLS[report.verdict]
    names = ", ".join(prose(name, 60) for name in report.environments[:most]) or "no environment"
    more = len(report.environments) - most
    return f"## {symbol} Review: {names}{f' and {more} more' if more > 0 else ''}"


def _fill(page: Page, report: Report, detail: Detail) -> None:
    page.add(_heading(report, 8), "", f"**{report.word}.** {prose(report.sentence, 1_000)}")
    if report.rehearsed:
        page.add("", f"Previewed in a rehearsal of {code(report.against, 60)}, not on the living environment.")
    if report.first_look:
        page.add("", f"**{report.first_look}**: see below.")
    _add_rows(page, report, detail)
    _add_refusals(page, report, detail)
    if report.dangers:
        page.add("", "### Look at this first", "")
        for number, each in enumerate(page.first(report.dangers, detail.items, "dangers"), 1):
            _add_danger(page, report, each, number, detail)
    if report.rules:
        page.add("", "### Rules", "")
        for rule in page.first(report.rules, detail.items, "rules that found something"):
            _add_rule(page, rule, detail)
    _add_gpus(page, report, detail)
    _add_releases(page, report, detail)
    add_blocks(page, report, detail)
    add_texts(page, report, detail)
    _add_documents(page, report, detail)
    _add_end(page, report, detail)


def _add_rows(page: Page, report: Report, detail: Detail) -> None:
    table = table_of(report)
    if table.lines:
        titles = ["environment", "layer", *(["preview"] if table.verdicts else [])]
        page.add("", f"| {' | '.join([*titles, *table.numbers])} |")
        page.add(f"|{' --- |' * len(titles)}{' ---: |' * len(table.numbers)}")
        for line in page.first(table.lines, detail.items * 4, "layers"):
            verdict = [f"{SYMBOLS[line.verdict]} {line.verdict}"] if table.verdicts else []
            cells = [prose(line.environment, 60), prose(line.layer, 60), *verdict, *line.numbers]
            page.add(f"| {' | '.join(cells)} |")
    if table.quiet and table.lines:
        page.add("", f"✔ Nothing would change in {name_list(page, table.quiet, detail)}.")
    words = legend(report)
    if words:
        said = ", ".join(f"**{word}** {meaning}" for word, meaning in words)
        page.add("", f"{said}. Nothing has been touched yet.")
    _add_missing(page, report, detail)


def _add_missing(page: Page, report: Report, detail: Detail) -> None:
    missing = missing_previews(report)
    if missing:
        page.add("")
    for what, reason, stacks in page.first(missing, detail.items, "reasons"):
        page.add(f"- {what} of {name_list(page, stacks, detail)}: {code(reason, detail.characters * 2)}")


def _add_refusals(page: Page, report: Report, detail: Detail) -> None:
    for title, found in (("Not accepted", report.refusals), ("To know", report.notes)):
        if found:
            page.add("", f"### {title}", "")
        for environment, reasons in found[: detail.items]:
            for reason in page.first(reasons, detail.items, "reasons"):
                page.add(f"- {prose(environment, 60)}: {code(reason, detail.characters * 2)}")


def _add_danger(page: Page, report: Report, each: ToldDanger, number: int, detail: Detail) -> None:
    environments = [environment for environment, _ in each.names]
    where = f" in {environment_names(environments)}" if len(report.environments) > 1 else ""
    mark, grave = ("🔴", " (grave)") if is_grave(each.rank) else ("🟠", "")
    why = prose(each.why, detail.characters * 2)
    page.add(f"{number}. {mark} **{prose(each.what, detail.characters)}**{where}{grave}: {why}")
    if own_names(each.names) is not None:
        page.add(f"   - {names_once(page, each.names, detail)}")
        return
    for environment, names in page.first(each.names, detail.names * 4, "environments"):
        page.add(f"   - {prose(environment, 60)}: {name_list(page, names, detail)}")


def _add_rule(page: Page, rule: ToldRule, detail: Detail) -> None:
    word = f"{REFUSED_SYMBOL} **refuses**" if rule.refuses else "excepted" if rule.findings[0].excepted else "⚠ warns"
    page.add(f"- {word}: {code(rule.rule, 120)}: {prose(rule.reason, detail.characters)}")
    for each in page.first(rule.findings, detail.items, "findings of rules"):
        until = f" (excepted {prose(each.excepted, 120)})" if each.excepted else ""
        page.add(f"  - {name_list(page, each.subjects, detail)}: {prose(each.message, detail.characters)}{until}")


def _add_gpus(page: Page, report: Report, detail: Detail) -> None:
    if not report.gpus:
        return
    page.add("", "### GPUs", "")
    for each in page.first(report.gpus, detail.items, "changes of GPUs"):
        change = " → ".join(code(value, detail.characters) if value else "none" for value in (each.old, each.new))
        names = [name for _, own in each.names for name in own]
        page.add(f"- **{GPU_WORDS[each.kind]}**: {name_list(page, names, detail)}: {change}")


def _add_releases(page: Page, report: Report, detail: Detail) -> None:
    for each in report.releases[: detail.items]:
        versions = " → ".join(prose(version, 60) or "none" for version in (each.old, each.new))
        if each.old == each.new:
            versions = f"{prose(each.new, 60)}, which itself differs"
        where = ", ".join(prose(name, 60) for name in each.environments[:8])
        page.add("", f"### Release {versions} ({where})", "")
        for name, old, new in page.first(each.changes, detail.items, "differences of releases"):
            change = " → ".join(code(value, detail.characters) if value else "none" for value in (old, new))
            page.add(f"- {code(name, 120)}: {change}")


def _add_documents(page: Page, report: Report, detail: Detail) -> None:
    if not report.documents:
        return
    number = len(report.documents)
    page.add("", f"<details><summary>What differs in the documents: {things(number)}</summary>", "")
    for each in page.first(report.documents, detail.properties, "differences of documents"):
        add_property(page, each, detail, indent=0)
    page.add("", "</details>")


def _add_end(page: Page, report: Report, detail: Detail) -> None:
    if report.noise:
        number = sum(count for _, count in report.noise)
        verb = "is" if number == 1 else "are"
        page.add("", f"{things(number)} would change in a way that means nothing, and {verb} not shown:", "")
        for why, count in page.first(report.noise, detail.items, "reasons"):
            page.add(f"- {count:,}: {prose(why, detail.characters)}")
    facts = [f"against {code(report.against, 60)}"] if report.against else []
    facts += [f"of {code(report.revision, 60)}"] if report.revision else []
    if not facts and not report.staleness:
        return
    page.add("", "<details><summary>What this was made of</summary>", "")
    if facts:
        page.add(f"- documents {' '.join(facts[::-1])}")
    for each in page.first(report.staleness, detail.items, "previews"):
        said = ", ".join(f"{prose(name, 60)} {code(value, 80)}" for name, value in each.facts[:12])
        which = "previews" if len(report.staleness) == 1 else f"preview of {name_list(page, each.stacks, detail)}"
        page.add(f"- {which}: {said}")
    if report.states:
        shown = page.first(report.states, detail.names, "states")
        page.add(f"- states: {', '.join(f'{code(stack, 120)} {code(state, 80)}' for stack, state in shown)}")
    page.add("", "</details>")
