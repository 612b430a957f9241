"""The only reader of `stacks/`: loads documents, checks them whole, gives Environment and Release."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from infra.documents import RawDocument, read_document, validate
from infra.errors import DocumentsRefused, Refusal
from infra.model.environment import Environment
from infra.model.release import Release
from infra.model.rules import (
    claims_of,
    environment_refusals,
    environment_warnings,
    release_refusals,
    release_warnings,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.model.base import Document
    from infra.model.rules import Claims, Finding, Neighbour

ROOT = Path(__file__).resolve().parent.parent
Model = TypeVar("Model", bound="Document")
MOST_SHOWN_PATHS = 3  # of another environment's refusals, in one warning


@dataclass(frozen=True)
class Checked:
    """One document as it was read and checked by itself: the model is None when too little of it is well-formed."""

    document: RawDocument | None
    model: Environment | Release | None
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True)
class Catalog:
    """The documents of one checkout; `root` is the folder that holds `stacks/`. Every file is read once."""

    root: Path = ROOT
    _read: dict[str, Checked] = field(default_factory=dict, compare=False, repr=False)

    def environment_names(self) -> list[str]:
        """Return the names of all environments, sorted."""
        return self._names("environments")

    def release_versions(self) -> list[str]:
        """Return the versions of all releases, sorted as texts."""
        return self._names("releases")

    def load(self, name: str) -> tuple[Environment, Release]:
        """Return a checked environment and its release.

        Raises `DocumentsRefused` with every refusal in the environment document and in the release it names, those
        among them that come from another environment.
        """
        if name not in self.environment_names():
            known = ", ".join(self.environment_names()) or "none"
            source = f"stacks/environments/{name}.yaml"
            fix = f"environments here: {known}"
            if (self.root / "stacks" / "environments" / f"{name}.yml").exists():
                fix = f"rename {name}.yml to {name}.yaml"
            raise DocumentsRefused([Refusal(source, 0, "", "", "there is no such environment", fix)])
        checked = self._environment(name)
        environment, document = checked.model, checked.document
        release, release_refusals = self._release_of(document)
        refusals = [*checked.refusals, *release_refusals]
        if isinstance(environment, Environment) and document is not None:
            found = environment_refusals(environment, release, self.neighbours(name), self.claims(name))
            refusals += _at_their_lines(document, (each for each in found if not _is_only_wrong(document, each)))
        if refusals or not isinstance(environment, Environment) or release is None:
            raise DocumentsRefused(refusals, _not_compared(name, environment))
        return environment, release

    def refuse(self, name: str, findings: Iterable[Finding]) -> None:
        """Raise `DocumentsRefused` for what was found in an environment's document, if anything was."""
        document = self._environment(name).document
        refusals = _at_their_lines(document, findings) if document is not None else []
        if refusals:
            raise DocumentsRefused(refusals)

    def load_release(self, version: str) -> Release:
        """Return a checked release. Raises `DocumentsRefused`."""
        if version not in self.release_versions():
            known = ", ".join(self.release_versions()) or "none"
            source = f"stacks/releases/{version}.yaml"
            raise DocumentsRefused([Refusal(source, 0, "", "", "there is no such release", f"releases here: {known}")])
        checked = self._release(version)
        if checked.refusals or not isinstance(checked.model, Release):
            raise DocumentsRefused(checked.refusals)
        return checked.model

    def optional(self, source: str, model: type[Model]) -> tuple[RawDocument, Model] | None:
        """Return a document that a checkout may do without, and its model; None without its file.

        `source` is its path from the root. It is checked field by field. Raises `DocumentsRefused`.
        """
        if not (self.root / source).exists():
            return None
        document = read_document(self.root / source, source)
        found, refusals = validate(document, model)
        if refusals or found is None:
            raise DocumentsRefused(refusals)
        return document, found

    def neighbours(self, name: str) -> list[Neighbour]:
        """Return the other environments that are well-formed, with their releases; the rest says so for itself."""
        found: list[Neighbour] = []
        for other in self.environment_names():
            checked = self._environment(other)
            if other != name and isinstance(checked.model, Environment):
                found.append((checked.model, self._release_of(checked.document)[0]))
        return found

    def claims(self, name: str) -> list[Claims]:
        """Return the addresses that the other environments ask for, as far as their documents can be read."""
        return [claims for other in self.environment_names() if other != name and (claims := self.claims_of(other))]

    def claims_of(self, name: str) -> Claims | None:
        """Return the addresses that an environment asks for, valid or not; None when its document can't be read."""
        document = self._environment(name).document
        return claims_of(name, document.data) if document else None

    def warnings(self, name: str) -> list[Refusal]:
        """Return what a person should know about an environment that is accepted. Raises as `load` does."""
        environment, _ = self.load(name)
        document = self._environment(name).document
        found = environment_warnings(environment, self.neighbours(name), self.claims(name))
        others = [self._not_wholly_compared(name, other) for other in self.environment_names() if other != name]
        return [*_at_their_lines(document, found), *filter(None, others)] if document else []

    def refused_paths(self, name: str) -> list[str]:
        """Return where a document is refused for itself, whatever its neighbours say; [""] when it can't be read."""
        checked = self._environment(name)
        refused = {refusal.path: None for refusal in sorted(checked.refusals)}
        if self._release_of(checked.document)[1]:
            refused["release"] = None
        return list(refused)

    def _not_wholly_compared(self, name: str, other: str) -> Refusal | None:
        source, paths = f"stacks/environments/{other}.yaml", self.refused_paths(other)
        if not paths:
            return None
        if self._environment(other).document is None:
            return Refusal(source, 0, "", "", "can't be read", f"{name} was not compared with it")
        fix = f"{name} was not wholly compared with it, mend it: ./slipway validate {other}"
        return Refusal(source, 0, "", "", f"is refused itself ({_first_of(paths)})", fix)

    def release_warnings(self, version: str) -> list[Refusal]:
        """Return what a person should know about a release that is accepted. Raises as `load_release` does."""
        release = self.load_release(version)
        document = self._release(version).document
        return _at_their_lines(document, release_warnings(release)) if document else []

    def _names(self, folder: str) -> list[str]:
        return sorted(path.stem for path in (self.root / "stacks" / folder).glob("*.yaml"))

    def _environment(self, name: str) -> Checked:
        return self._checked(f"stacks/environments/{name}.yaml", Environment, "name", name)

    def _release(self, version: str) -> Checked:
        return self._checked(f"stacks/releases/{version}.yaml", Release, "version", version)

    def _checked(self, source: str, model: type[Environment] | type[Release], key: str, file_name: str) -> Checked:
        """Read and check one file by itself, once; `key` has to repeat the file's name."""
        if source not in self._read:
            try:
                document = read_document(self.root / source, source)
            except DocumentsRefused as refused:
                self._read[source] = Checked(None, None, tuple(refused.refusals))
            else:
                found, refusals = validate(document, model)
                if isinstance(found, Release):
                    refusals += _at_their_lines(document, release_refusals(found))
                misnamed = _file_name_refusals(document, key, file_name)
                if found is not None and misnamed:  # the file's name is the one that others know it by
                    found = found.model_copy(update={key: file_name})
                refusals += misnamed
                self._read[source] = Checked(document, found, tuple(refusals))
        return self._read[source]

    def _release_of(self, document: RawDocument | None) -> tuple[Release | None, tuple[Refusal, ...]]:
        """Return the release that an environment document names, or the refusals of the name or of the file."""
        version = document.data.get("release") if document else None
        if document is None or not isinstance(version, str):
            return None, ()  # the field's own refusal says so
        if version not in self.release_versions():
            fix = f"releases here: {', '.join(self.release_versions()) or 'none'}"
            return None, (document.refusal(("release",), version, "there is no such release", fix),)
        checked = self._release(version)
        if isinstance(checked.model, Release) and not checked.refusals:
            return checked.model, ()
        return None, checked.refusals


def _first_of(paths: list[str]) -> str:
    shown, more = paths[:MOST_SHOWN_PATHS], len(paths) - MOST_SHOWN_PATHS
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _file_name_refusals(document: RawDocument, key: str, file_name: str) -> list[Refusal]:
    value = document.data.get(key)
    if not isinstance(value, str) or value == file_name:
        return []
    return [document.refusal((key,), value, f"differs from the file's name ({file_name})", f"write {file_name}")]


def _not_compared(name: str, environment: object) -> list[str]:
    """Return what to say when too little of a document is well-formed for the rules across its fields."""
    if environment is not None:
        return []
    return [f"stacks/environments/{name}.yaml: addresses and other environments are compared once these are mended"]


def _is_only_wrong(document: RawDocument, finding: Finding) -> bool:
    """Whether something that a rule misses stands in the document all the same, with a mistake of its own."""
    if finding.path == "nodePools":
        pools = document.data.get("nodePools")
        return isinstance(pools, dict) and any(
            not isinstance(pool, dict) or not (pool.get("taints") or pool.get("gpu") or pool.get("count") == 0)
            for pool in pools.values()
        )
    pool = finding.value.partition("nodePools.")[2]
    pools = document.data.get("nodePools")
    return finding.path.startswith("protected[") and isinstance(pools, dict) and pool in pools


def _at_their_lines(document: RawDocument, findings: Iterable[Finding]) -> list[Refusal]:
    return [document.finding(found.path, found.value, found.reason, found.fix) for found in findings]
