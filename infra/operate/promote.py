"""`slipway promote`: an environment gets the release of the one before it, as one line of its document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.catalog import Catalog
from infra.documents import read_document
from infra.errors import DocumentsRefused, NotPossibleHere, PersonError, Refusal, StepFailed
from infra.operate.promotion_order import promotion_order
from infra.operate.proposed import proposed
from infra.operate.release_check import accepted_environments, checked_release
from infra.operate.release_diff import release_diff
from infra.operate.review import write_review
from infra.operate.writable import check_writable
from infra.review.promotion import SOURCE, NotOnOneLine, promoted_text, step_refusals, succession_refusals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from infra.documents import RawDocument
    from infra.model.rules.finding import Finding

AGAINST = "HEAD"  # what a promotion is reviewed against: the documents as they were committed
_FORMS = ("md", "html", "json")  # of a review, by the ending of its file


@dataclass(frozen=True)
class Planned:
    """A promotion that is allowed: the document's new text, the versions, the line, and what should be known."""

    target: str
    old: str
    new: str
    line: int
    text: str
    warnings: tuple[Refusal, ...]


def run_promote(source: str, target: str, *, back: bool, dry_run: bool, review: Path | None) -> int:
    """Promote, say what was done, and review it; return the exit code that the review has, 0 where nothing was written.

    Raises what `plan_promotion` raises, `NotPossibleHere` for a file that can't be written or whose ending is no form
    of a review, and `StepFailed` when the document was written and its review could not be.
    """
    form = review.suffix.lstrip(".") if review is not None else _FORMS[0]
    if form not in _FORMS:
        fix = f"let its name end with .{', .'.join(_FORMS)}"
        raise NotPossibleHere("--review", f"{review} is no form of a review", fix)
    if review is not None:
        check_writable("--review", review)
    catalog = Catalog()
    planned = plan_promotion(catalog, source, target, back=back)
    for line in told(catalog, source, target, planned):
        print(line)
    if planned is None or dry_run:
        return 0
    write_promotion(catalog, planned)
    print(f"wrote {_file(target)}")
    return _reviewed(target, form, review)


def plan_promotion(catalog: Catalog, source: str, target: str, *, back: bool = False) -> Planned | None:
    """Return what a promotion would write, or None when the target has the source's release already.

    Raises `DocumentsRefused` with every reason against it at once: the order of environments, an older release (but for
    `back`), Kubernetes going too far at once, a release that its check refuses, a document that is refused with it.
    """
    environment, release = catalog.load(source)
    if target not in catalog.environment_names():
        catalog.load(target)  # says so
    document = read_document(catalog.root / _file(target), _file(target))
    has = str(document.data.get("release", ""))
    if has == environment.release:
        return None
    old = catalog.load_release(has)
    refusals = _order(catalog, source, target)
    # Where the order refuses, an older release is meant by nobody: it would only be a second way to say the same.
    findings = succession_refusals(old, release, back=back or bool(refusals))
    refusals += _found(document, findings)
    with (catalog.root / _file(target)).open(encoding="utf-8", newline="") as file:
        text = _changed(document, file.read(), release.version)
    environments, _ = accepted_environments(catalog)
    with proposed(catalog.root, target, text) as there:
        try:
            promoted, _ = there.load(target)
        except DocumentsRefused as refused:
            refusals += refused.refusals
        else:
            environments = [*(each for each in environments if each.name != target), promoted]
    checked = checked_release(catalog, release.version, environments)
    refusals += checked.wrong
    if refusals:
        raise DocumentsRefused(refusals)
    return Planned(target, has, release.version, document.line(("release",)), text, checked.warnings)


def told(catalog: Catalog, source: str, target: str, planned: Planned | None) -> Iterator[str]:
    """Yield what a promotion changes, as people read it."""
    if planned is None:
        release = catalog.load(source)[1].version
        also = "" if source == target else f", as {source} has"
        yield f"{target} has release {release} already{also}: nothing to promote"
        return
    yield from (f"warning: {warning}" for warning in planned.warnings)
    yield f"{_file(target)}:{planned.line}: release: {planned.old} becomes {planned.new}"
    yield release_diff(planned.old, planned.new, "table", catalog).rstrip("\n")


def write_promotion(catalog: Catalog, planned: Planned) -> None:
    """Write the target's document; it differs from before in its release alone."""
    (catalog.root / _file(planned.target)).write_bytes(planned.text.encode())


def _order(catalog: Catalog, source: str, target: str) -> list[Refusal]:
    try:
        found = promotion_order(catalog)
    except DocumentsRefused as refused:
        return refused.refusals
    if found is None:
        fix = f"say there in which order environments get a release: order: [{source}, {target}]"
        return [Refusal(SOURCE, 0, "", "", "is not there", fix)]
    document, promotion = found
    return _found(document, step_refusals(promotion, source, target))


def _changed(document: RawDocument, text: str, version: str) -> str:
    """Return the document's text with another release. Raises `DocumentsRefused`."""
    try:
        return promoted_text(text, version)
    except NotOnOneLine:
        fix = "write it there as a plain text, for example release: 2026.11.0"
        reason = "does not stand in one line of its own, and nothing else may change"
        raise DocumentsRefused([document.finding("release", "", reason, fix)]) from None


def _found(document: RawDocument, findings: Iterable[Finding]) -> list[Refusal]:
    return [document.finding(each.path, each.value, each.reason, each.fix) for each in findings]


def _reviewed(target: str, form: str, review: Path | None) -> int:
    """Review the promoted environment, to a file or printed; return the review's exit code. Raises `StepFailed`."""
    try:
        return write_review([target], AGAINST, form, review)
    except PersonError as reason:
        made = f"{_file(target)} is written, and its review could not be made"
        raise StepFailed(made, f"{reason}\nonce that is mended: ./slipway review {target}") from None


def _file(environment: str) -> str:
    return f"stacks/environments/{environment}.yaml"
