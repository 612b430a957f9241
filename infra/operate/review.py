"""`slipway review`: one report of what a change would do to environments, and the seal of what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.catalog import ROOT, Catalog
from infra.errors import DocumentsRefused, NotPossibleHere
from infra.gpu.lock import lock_path, read_lock
from infra.operate.change_records import person
from infra.operate.review_layers import Reviewed, review_layers
from infra.review.assembling import Parts, assembled
from infra.review.report import as_html, as_json, as_markdown, exit_code
from infra.review.revisions import checked_out, current_revision, resolved, snapshot
from infra.review.rules import Documents, check_documents, judged
from infra.review.seal import Seal
from infra.review.seal_file import write_seal
from infra.review.settings import load_exceptions
from infra.review.snapshot import own_snapshot

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
) -> int:
    """Print a review of environments, or write it to a file; return the exit code that its verdict has.

    `against` is the revision that documents are compared with; with `rehearse` the layers are previewed in a rehearsal
    that has come up as that revision says; `seal` is a file for the seal of what was previewed. Raises
    `NotPossibleHere` for a form or a revision that is none, and for a seal of what was only rehearsed.
    """
    if form not in _RENDERERS:
        raise NotPossibleHere("--format", f"{form} is no form of a review", f"use {', '.join(_RENDERERS)}")
    if seal is not None and rehearse:
        fix = "leave out --rehearse, or --seal"
        raise NotPossibleHere("--seal", "what was rehearsed is no plan for the environment itself", fix)
    made = make_review(environments, against, rehearse=rehearse)
    text = _RENDERERS[form](made.review)
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, encoding="utf-8")
        print(f"wrote {output}")
    if seal is not None:
        approved = write_seal(seal, sealed(made))
        print(f"wrote {seal}: what is approved is {approved}")
    return exit_code(made.review)


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
