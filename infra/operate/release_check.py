"""`slipway release check`: whether a release goes together, and has what is asked for and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.catalog import Catalog
from infra.counting import counted
from infra.documents import read_document
from infra.errors import DocumentsRefused, Refusal
from infra.frozen import check_frozen
from infra.review.compatibility import compatibility_findings, pins_of
from infra.review.release_usage import usage_findings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.model.environment import Environment
    from infra.review.compatibility import ReleaseFinding


@dataclass(frozen=True)
class ReleaseCheck:
    """What a check of one release found: what refuses it, and what a person should know, at their lines."""

    version: str
    pins: int
    wrong: tuple[Refusal, ...]
    warnings: tuple[Refusal, ...]


def check_releases(version: str | None = None, catalog: Catalog | None = None) -> Iterator[str]:
    """Check one release, or all; yield a line for each, and one for each warning.

    Raises `DocumentsRefused` at the end with everything that is wrong, for a release that is none, or that is refused.
    """
    catalog = catalog or Catalog()
    environments, refused = accepted_environments(catalog)
    wrong: list[Refusal] = []
    for each in [version] if version is not None else catalog.release_versions():
        found = checked_release(catalog, each, environments)
        verdict = f"{counted(len(found.wrong), 'thing')} wrong" if found.wrong else "nothing wrong"
        yield f"{each}: {counted(found.pins, 'pin')}: {verdict}, {counted(len(found.warnings), 'warning')}"
        yield from (f"  warning: {warning}" for warning in found.warnings)
        wrong += found.wrong
    for name in refused:
        yield f"warning: stacks/environments/{name}.yaml: is refused itself; what it asks for was not counted"
    if wrong:
        raise DocumentsRefused(wrong)


def checked_release(catalog: Catalog, version: str, environments: Sequence[Environment]) -> ReleaseCheck:
    """Return what is wrong with a release and what should be known of it; `environments` are those that count.

    Raises `DocumentsRefused` for a release that is none, or that is refused.
    """
    release = catalog.load_release(version)
    own = [each for each in environments if each.release == version]
    others = [each for each in environments if each.release != version]
    found = [*compatibility_findings(release), *usage_findings(release, own, others)]
    wrong = _at_their_lines(catalog, version, (each for each in found if each.severity == "wrong"))
    try:
        check_frozen(catalog.root, version)
    except DocumentsRefused as refused:
        wrong += refused.refusals
    warnings = _at_their_lines(catalog, version, (each for each in found if each.severity == "warning"))
    warnings += catalog.release_warnings(version)
    return ReleaseCheck(version, len(pins_of(release)), tuple(wrong), tuple(warnings))


def accepted_environments(catalog: Catalog) -> tuple[list[Environment], list[str]]:
    """Return the environments that are accepted, and the names of the others."""
    accepted, refused = [], []
    for name in catalog.environment_names():
        try:
            accepted.append(catalog.load(name)[0])
        except DocumentsRefused:
            refused.append(name)
    return accepted, refused


def _at_their_lines(catalog: Catalog, version: str, findings: Iterator[ReleaseFinding]) -> list[Refusal]:
    source = f"stacks/releases/{version}.yaml"
    document = read_document(catalog.root / source, source)
    return [document.finding(each.path, each.value, each.reason, each.fix) for each in findings]
