"""`slipway review`: one report of what a change would do to environments, and the seal of what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.catalog import ROOT, Catalog
from infra.errors import DocumentsRefused, NotPossibleHere
from infra.gpu.lock import lock_path, read_lock
from infra.operate.change_records import change_records, person
from infra.operate.review_layers import Reviewed, review_layers
from infra.operate.writable import check_writable
from infra.review.assembling import Parts, assembled
from infra.review.change_records.summary import summary_of
from infra.review.report import as_html, as_json, as_markdown, exit_code
from infra.review.revisions import checked_out, current_revision, resolved, snapshot
from infra.review.rules import Documents, check_documents, judged, refusing
from infra.review.seal import PlanRefused, Seal
from infra.review.seal_file import write_seal
from infra.review.settings import load_exceptions
from infra.review.snapshot import own_snapshot
from infra.review.verdicts import is_refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from infra.review.model import Review, RuleResult

_RENDERERS: Mapping[str, Callable[[Review], str]] = {"md": as_markdown, "html": as_html, "json": as_json}


@dataclass(frozen=True)
class Made:
    """A review, and the layers it was made of, each with its plan to be sealed."""

    review: Review
    layers: tuple[Reviewed, ...]


def write_review(
    environments: Sequence[str],
    against: str,
    form: str,
    output: Path | None,
    *,
    rehearse: bool = False,
    seal: Path | None = None,
    record: bool = False,
) -> int:
    """Print a review of environments, or write it to a file; return the exit code that its verdict has.

    `against` is the revision that documents are compared with; with `rehearse` the layers are previewed in a rehearsal
    that has come up as that revision says; `seal` is a file for the seal of what was previewed, with `record` it is
    put on record. Raises `NotPossibleHere` for a form or a revision that is none, for a seal of what was only
    rehearsed, for a record without a place, and for a file that can't be written, `PlanRefused` for a seal of what
    is refused.
    """
    if form not in _RENDERERS:
        raise NotPossibleHere("--format", f"{form} is no form of a review", f"use {', '.join(_RENDERERS)}")
    if seal is not None and rehearse:
        fix = "leave out --rehearse, or --seal"
        raise NotPossibleHere("--seal", "what was rehearsed is no plan for the environment itself", fix)
    if record:
        if seal is None:
            raise NotPossibleHere("--record", "there is no seal to put on record", "give --seal FILE, too")
        change_records()
    for option, path in (("--output", output), ("--seal", seal)):
        if path is not None:
            check_writable(option, path)
    made = make_review(environments, against, rehearse=rehearse)
    text = _RENDERERS[form](made.review)
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, encoding="utf-8")
        print(f"wrote {output}")
    if seal is not None:
        _seal(made, seal, record=record)
    return exit_code(made.review)


def _seal(made: Made, file: Path, *, record: bool) -> None:
    """Write the seal of what was previewed, and put it on record if asked. Raises `PlanRefused` for what is refused."""
    refused = [
        f"{each.environment}: {line}" for each in made.review.environments if is_refused(each) for line in each.refusals
    ]
    refused += [f"rule {each.rule}: {each.subject}: {each.message}" for each in refusing(made.review.rules)]
    plan = sealed(made)
    if refused:
        raise PlanRefused("\n".join([*refused, f"what is refused is not sealed; {file} is not written"]))
    if not plan.stacks:
        raise PlanRefused(f"{file}: is not written: no layer could be previewed; a seal of nothing approves nothing")
    approved = write_seal(file, plan)
    left_out = [each.layer.stack for each in made.layers if each.sealed is None]
    also = f"; not in it, as they could not be previewed: {', '.join(left_out)}" if left_out else ""
    print(f"wrote {file}: what is approved is {approved}{also}")
    if record:
        records = change_records()
        print(f"on record as {records.create(summary_of(made.review, person()), approved)}")


def make_review(environments: Sequence[str], against: str, *, rehearse: bool = False) -> Made:
    """Return the review of environments."""
    names = list(dict.fromkeys(environments))
    catalog = Catalog()
    for name in names:
        if name not in catalog.environment_names():
            catalog.load(name)  # says so
    commit = resolved(ROOT, against)
    with checked_out(ROOT, commit) as folder:
        before = snapshot(folder, names)
    after = own_snapshot(catalog, names)
    layers: dict[str, list[Reviewed]] = {}
    for name in names:
        if name in after.problems:
            continue
        try:
            layers[name] = _layers(name, commit, rehearse=rehearse)
        except DocumentsRefused as refused:
            after.problems[name] = "\n".join(str(each) for each in refused.refusals)
    every = tuple(each for name in names for each in layers.get(name, ()))
    parts = Parts(
        before,
        after,
        {name: [each.layer for each in found] for name, found in layers.items()},
        _rules(catalog, [name for name in names if name not in after.problems], every),
    )
    return Made(assembled(names, parts, against=commit, revision=current_revision(ROOT)), every)


def sealed(made: Made) -> Seal:
    """Return the seal of a review: of every layer that could be previewed."""
    stacks = {each.sealed.stack: each.sealed for each in made.layers if each.sealed is not None}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Seal(now, person(), made.review.against, made.review.revision, stacks)


def _rules(catalog: Catalog, names: Sequence[str], layers: Sequence[Reviewed]) -> tuple[RuleResult, ...]:
    """Return what rules find in documents and previews, with the exceptions that hold today."""
    today = datetime.now(UTC).date()
    found = [result for each in layers for result in each.rules]
    for name in names:
        environment, release = catalog.load(name)
        lock = read_lock(lock_path(catalog.root, name), name)
        found += check_documents(Documents.of(environment, release, lock))
    return judged(found, load_exceptions(catalog, today), today)


def _layers(name: str, commit: str, *, rehearse: bool) -> list[Reviewed]:
    if not rehearse:
        return review_layers(name)
    from rehearsal.change import layers_in_rehearsal  # noqa: PLC0415 - a rehearsal is started by name alone

    return layers_in_rehearsal(name, commit)
