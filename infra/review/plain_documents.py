"""What a checkout's documents say, where its own code can't tell: read as this code reads them. Reads files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.documents import read_document, validate
from infra.errors import DocumentsRefused
from infra.model.environment import Environment
from infra.model.release import Release

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class PlainDocuments:
    """Documents and placement locks by environment, releases by version; `problems` say what could not be read."""

    documents: dict[str, Any] = field(default_factory=dict)
    releases: dict[str, Any] = field(default_factory=dict)
    locks: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)


def plain_documents(root: Path, environments: Sequence[str]) -> PlainDocuments:
    """Return the documents of environments as far as they can be read: nothing is asked of them but their form."""
    found = PlainDocuments()
    for name in environments:
        problems: list[str] = []
        document = _environment(root, name, problems)
        if document is not None:
            found.documents[name] = document
            version = str(document.get("release", ""))
            release = _release(root, version, problems)
            if release is not None:
                found.releases[version] = release
        lock = f"stacks/placements/{name}.yaml"
        if (root / lock).exists():
            found.locks[name] = _read(root, lock, problems) or {}
        if problems:
            found.problems[name] = problems
    return found


def _environment(root: Path, name: str, problems: list[str]) -> dict[str, Any] | None:
    """Return a document with the defaults that this code has; what only the other revision knows stays as it stands."""
    source = f"stacks/environments/{name}.yaml"
    try:
        document = read_document(root / source, source)
    except DocumentsRefused as refused:
        problems += [str(each) for each in refused.refusals]
        return None
    model, _ = validate(document, Environment)
    known = model.model_dump(by_alias=True, mode="json", exclude_none=True) if model is not None else {}
    return dict(_completed(known, document.data))


def _completed(known: Any, written: Any) -> Any:  # noqa: ANN401 - any value of a document
    """Return what is known of a value, with the keys that stand in the document and are not known."""
    if not isinstance(known, dict) or not isinstance(written, dict):
        return known
    more = {key: value for key, value in written.items() if key not in known and value is not None}
    return {key: _completed(value, written.get(key)) for key, value in known.items()} | more


def _release(root: Path, version: str, problems: list[str]) -> dict[str, Any] | None:
    source = f"stacks/releases/{version}.yaml"
    try:
        document = read_document(root / source, source)
    except DocumentsRefused as refused:
        problems += [str(each) for each in refused.refusals]
        return None
    model, refusals = validate(document, Release)
    if model is None or refusals:
        problems += [str(each) for each in refusals]
        return None
    return model.model_dump(by_alias=True, mode="json")


def _read(root: Path, source: str, problems: list[str]) -> dict[str, Any] | None:
    try:
        data: dict[str, Any] = read_document(root / source, source).data
    except DocumentsRefused as refused:
        problems += [str(each) for each in refused.refusals]
        return None
    return data
