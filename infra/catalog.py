"""The only reader of `stacks/`: loads documents, checks them whole, gives Environment and Release."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from infra.documents import RawDocument, read_document, validate
from infra.errors import DocumentsRefused, Refusal
from infra.model.environment import Environment
from infra.model.release import Release
from infra.model.rules import environment_violations

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Catalog:
    """The documents of one checkout; `root` is the folder that holds `stacks/`."""

    root: Path = ROOT

    def environment_names(self) -> list[str]:
        """Return the names of all environments, sorted."""
        return sorted(path.stem for path in (self.root / "stacks" / "environments").glob("*.yaml"))

    def load(self, name: str) -> tuple[Environment, Release]:
        """Return a checked environment and its release.

        Raises `DocumentsRefused` with every refusal in the environment document and in the release it names.
        """
        source = f"stacks/environments/{name}.yaml"
        if name not in self.environment_names():
            known = ", ".join(self.environment_names()) or "none"
            refusal = Refusal(source, 0, "", "", "there is no such environment", f"environments here: {known}")
            raise DocumentsRefused([refusal])
        document = read_document(self.root / source, source)
        environment, refusals = validate(document, Environment)
        refusals += _file_name_refusals(document, "name", name)
        release, release_refusals = self._release_of(document)
        refusals += release_refusals
        if environment is not None:
            refusals += _rule_refusals(document, environment, release)
        if refusals or environment is None or release is None:
            raise DocumentsRefused(refusals)
        return environment, release

    def _release_of(self, document: RawDocument) -> tuple[Release | None, list[Refusal]]:
        """Return the release that an environment document names, or the refusals of the name or of the file."""
        version = document.data.get("release")
        if not isinstance(version, str):
            return None, []  # the field's own refusal says so
        known = sorted(path.stem for path in (self.root / "stacks" / "releases").glob("*.yaml"))
        if version not in known:
            fix = f"releases here: {', '.join(known) or 'none'}"
            return None, [document.refusal(("release",), version, "there is no such release", fix)]
        source = f"stacks/releases/{version}.yaml"
        try:
            release_document = read_document(self.root / source, source)
        except DocumentsRefused as refused:
            return None, refused.refusals
        release, refusals = validate(release_document, Release)
        refusals += _file_name_refusals(release_document, "version", version)
        return (None if refusals else release), refusals


def _file_name_refusals(document: RawDocument, key: str, file_name: str) -> list[Refusal]:
    value = document.data.get(key)
    if not isinstance(value, str) or value == file_name:
        return []
    return [document.refusal((key,), value, f"differs from the file's name ({file_name})", f"write {file_name}")]


def _rule_refusals(document: RawDocument, environment: Environment, release: Release | None) -> list[Refusal]:
    return [
        document.refusal(document.location(found.path), found.value, found.reason, found.fix)
        for found in environment_violations(environment, release)
    ]
