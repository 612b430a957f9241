"""What a report says, in its order, before it takes a form: from a review to plain data for every renderer. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.counting import counted
from infra.review.folding import folded, layer_order
from infra.review.folding_parts import (
    told_dangers,
    told_documents,
    told_gpus,
    told_releases,
    told_rules,
    told_staleness,
    told_texts,
    with_texts_named,
)
from infra.review.ranks import is_grave
from infra.review.verdicts import is_refused, verdict_of
from infra.review.words import OPERATIONS, some, things

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from infra.review.model import LayerReview, Review, Verdict
    from infra.review.told import (
        Block,
        Property,
        Text,
        ToldDanger,
        ToldGpu,
        ToldRelease,
        ToldRule,
        ToldStaleness,
    )

COLUMNS = ("removed", "replaced", "changed", "new")  # of the table of layers; what else there is stands in `other`
VERDICTS = {
    "no change": "No change",
    "changes": "Changes",
    "not previewable": "Not everything could be previewed",
    "preview failed": "A preview failed",
}
REFUSED = "Refused"


@dataclass(frozen=True)
class Row:
    """One layer of one environment: its verdict, with the reason where there is one, and how much changes how.

    `counts` are those of `COLUMNS`, `other` is of all other operations, `noise` what is known to mean nothing.
    """

    environment: str
    layer: str
    verdict: Verdict
    reason: str
    counts: tuple[int, ...]
    other: int
    noise: int
    unchanged: int


@dataclass(frozen=True)
class Report:
    """A whole report; sections in the order in which they are read.

    `word` is the verdict in words, `sentence` what it comes to, `first_look` how many dangers there are, `rehearsed`
    whether previews were made in a rehearsal. `refusals` and
    `notes` are by environment; `noise` says what was left out as meaning nothing, with how often; `states` what each
    stack's state is told by.
    """

    verdict: Verdict
    refused: bool
    word: str
    sentence: str
    first_look: str
    rehearsed: bool
    environments: tuple[str, ...]
    against: str
    revision: str
    rows: tuple[Row, ...]
    refusals: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[tuple[str, tuple[str, ...]], ...]
    dangers: tuple[ToldDanger, ...]
    rules: tuple[ToldRule, ...]
    gpus: tuple[ToldGpu, ...]
    releases: tuple[ToldRelease, ...]
    blocks: tuple[Block, ...]
    texts: tuple[Text, ...]
    documents: tuple[Property, ...]
    noise: tuple[tuple[str, int], ...]
    staleness: tuple[ToldStaleness, ...]
    states: tuple[tuple[str, str], ...]


def report_of(review: Review) -> Report:
    """Return the report of a review; it does not depend on the order of anything in the review."""
    environments = sorted(review.environments, key=lambda each: each.environment)
    layers = sorted(review.layers, key=lambda each: (each.environment, layer_order(each.layer)))
    texts = told_texts(environments)
    rows = tuple(_row(each) for each in layers)
    refusals = tuple((each.environment, tuple(sorted(each.refusals))) for each in environments if is_refused(each))
    notes = tuple(
        (each.environment, tuple(sorted(each.refusals)))
        for each in environments
        if each.refusals and not is_refused(each)
    )
    rules = told_rules(review.rules)
    dangers = told_dangers(review.dangers)
    verdict = verdict_of(review)
    refused = bool(refusals) or any(each.refuses for each in rules)
    return Report(
        verdict=verdict,
        refused=refused,
        word=REFUSED if refused else VERDICTS[verdict],
        sentence=_sentence(rows, [name for name, _ in refusals], rules),
        first_look=_first_look(dangers),
        rehearsed=any(each.staleness.rehearsed for each in layers),
        environments=tuple(each.environment for each in environments),
        against=review.against,
        revision=review.revision,
        rows=rows,
        refusals=refusals,
        notes=notes,
        dangers=dangers,
        rules=rules,
        gpus=told_gpus(environments),
        releases=told_releases(environments),
        blocks=with_texts_named(folded(layers), texts),
        texts=texts,
        documents=told_documents(environments),
        noise=_noise(layers),
        staleness=told_staleness(layers),
        states=tuple((each.stack, each.staleness.state) for each in layers if each.staleness.state),
    )


def _row(layer: LayerReview) -> Row:
    counts = Counter(OPERATIONS[each.operation] for each in layer.changes)
    told = tuple(counts[column] for column in COLUMNS)
    noise = sum(count for _, count in layer.noise)
    other = len(layer.changes) - sum(told)
    return Row(layer.environment, layer.layer, layer.verdict, layer.reason, told, other, noise, layer.unchanged)


def _noise(layers: Iterable[LayerReview]) -> tuple[tuple[str, int], ...]:
    found: Counter[str] = Counter()
    for layer in layers:
        for why, count in layer.noise:
            found[why] += count
    return tuple(sorted(found.items()))


def _sentence(rows: Sequence[Row], refused: Sequence[str], rules: Sequence[ToldRule]) -> str:
    """Return what a review comes to, in a few sentences."""
    said = [_refused(refused, rules)]
    for verdict, what in (("preview failed", "failed"), ("not previewable", "could not be made")):
        stacks = [f"{row.environment}.{row.layer}" for row in rows if row.verdict == verdict]
        if stacks:
            noun = "preview" if len(stacks) == 1 else "previews"
            said.append(f"The {noun} of {some(stacks)} {what}.")
    said.append(_amounts(rows))
    return " ".join(each for each in said if each)


def _first_look(dangers: Sequence[ToldDanger]) -> str:
    number, grave = len(dangers), sum(is_grave(each.rank) for each in dangers)
    if not dangers:
        return ""
    which = (
        ""
        if not grave
        else ", all grave"
        if grave == number > 1
        else ", grave"
        if number == 1
        else f", {grave:,} of them grave"
    )
    return f"{counted(number, 'danger')}{which}"


def _refused(refused: Sequence[str], rules: Sequence[ToldRule]) -> str:
    said = ""
    if refused:
        noun = "document of {} is" if len(refused) == 1 else "documents of {} are"
        said = f"The {noun.format(some(refused))} not accepted, so nothing of it could be looked at."
    names = sorted({each.rule for each in rules if each.refuses})
    if names:
        noun = "rule refuses" if len(names) == 1 else "rules refuse"
        said += f"{' ' if said else ''}{len(names)} {noun} it: {some(names)}."
    return said


def _amounts(rows: Sequence[Row]) -> str:
    totals = {column: sum(row.counts[index] for row in rows) for index, column in enumerate(COLUMNS)}
    totals["something else"] = sum(row.other for row in rows)
    every, unchanged = sum(totals.values()), sum(row.unchanged + row.noise for row in rows)
    stays = "1 thing stays as it is" if unchanged == 1 else f"{unchanged:,} things stay as they are"
    if not every:
        looked = any(row.verdict in ("changes", "no change") for row in rows)
        return f"Nothing would change: {stays}." if looked else ""
    where = sorted({row.environment for row in rows if sum(row.counts) + row.other})
    how = ", ".join(f"{number:,} {word}" for word, number in totals.items() if number)
    return f"In {some(where)} {things(every)} would change: {how}; {stays}."
