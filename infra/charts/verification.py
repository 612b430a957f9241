"""Whether what a bundle holds of a component is what the release pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.charts.archive import digest_of_tree, sha256_of, tree_in, tree_of
from infra.charts.not_available import NotAvailable
from infra.charts.record import archive_file, chart_folder, manifests_file
from infra.model.charts import Chart

if TYPE_CHECKING:
    from pathlib import Path

    from infra.charts.record import Kept, Record
    from infra.model.charts import Manifests

_NAMED_FILES = 3  # so many of the files that differ are named


def problem_of(folder: Path, name: str, component: Chart | Manifests, record: Record) -> str | None:
    """Return why a component in a bundle's folder is not the one that a release means, or None if it is.

    `name` is as `charts.cilium`. Of a real bundle every file is held against the archive whose digest the release pins
    (or, while it pins none, whose digest was recorded); of a contract, against what was recorded when it was made.
    """
    kept = record.components.get(name)
    if kept is None:
        return "is not there"
    if kept.version != component.version:
        return f"is version {kept.version}, and the release has {component.version}"
    short = name.partition(".")[2]
    pinned = component.digest if record.kind == "real" else None
    if not isinstance(component, Chart):
        return _problem_of_file(manifests_file(folder, short), "its file", pinned, kept)
    if not chart_folder(folder, short).is_dir():
        return "is not there"
    if record.kind == "contract":
        return _problem_of_contract(chart_folder(folder, short), kept)
    archive = archive_file(folder, short, component.version)
    wrong_archive = _problem_of_file(archive, "its archive", pinned, kept)
    return wrong_archive or _problem_of_tree(chart_folder(folder, short), archive)


def _problem_of_file(file: Path, what: str, pinned: str | None, kept: Kept) -> str | None:
    if not file.is_file():
        return f"{what} is not there"
    found = sha256_of(file.read_bytes())
    if pinned not in (None, found):
        return f"{what} is {found}, and the release pins {pinned}"
    if found != kept.digest:
        return f"{what} is {found}, and was {kept.digest} when it was put there"
    return None


def _problem_of_contract(folder: Path, kept: Kept) -> str | None:
    if digest_of_tree(tree_of(folder)) == kept.tree:
        return None
    return "its files have been changed since they were made"


def _problem_of_tree(folder: Path, archive: Path) -> str | None:
    """Compare with the archive itself, not with a record of it: the archive's digest is what people have reviewed."""
    try:
        wanted = tree_in(archive.read_bytes())
    except NotAvailable as reason:
        return str(reason)
    found = tree_of(folder)
    differing = sorted(path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path))
    if not differing:
        return None
    more = ", ..." if len(differing) > _NAMED_FILES else ""
    return f"its files are not what its archive holds ({', '.join(differing[:_NAMED_FILES])}{more})"
