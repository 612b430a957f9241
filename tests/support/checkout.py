"""A scratch checkout: this repository's files in a folder of its own, whose documents a test may change."""

from __future__ import annotations

import io
import shutil
import subprocess
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from infra.catalog import ROOT
from tests.support.stacks import COMMITTED, copy_stacks

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_COPIED = ("infra", "rehearsal", "templates", "Pulumi.yaml", "__main__.py", "slipway")
_SHARED = (".venv", ".tools", "tools")


class Checkout:
    """A scratch checkout. Its environments end with the cluster: tests that need no tools are quicker without."""

    def __init__(self, root: Path) -> None:
        self.root = root
        copy_stacks(root)
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__", "vcenter"))
            else:
                shutil.copy(source, root / name)
        for name in _SHARED:
            (root / name).symlink_to(ROOT / name)
        self._originals = {name: without_tools(_committed(name)) for name in COMMITTED}
        for name in COMMITTED:
            self.restore(name)

    def document_of(self, environment: str) -> Path:
        """Return the file of an environment document."""
        return self.root / "stacks" / "environments" / f"{environment}.yaml"

    def only(self, environment: str) -> None:
        """Remove all other environments, so that this one may change without regard to them."""
        for path in self.document_of(environment).parent.glob("*.yaml"):
            if path.stem != environment:
                path.unlink()

    def without_gpus(self, environment: str) -> None:
        """Take the pools with GPUs out of a document, for good: tests of all the rest are quicker without."""
        self._originals[environment] = without_gpus(self._originals[environment])
        self.restore(environment)

    def with_gpus(self, environment: str) -> None:
        """Bring a document back to the committed one, its pools with GPUs among it, but for tools."""
        self._originals[environment] = without_tools(_committed(environment))
        self.restore(environment)

    def with_tools(self, environment: str) -> None:
        """Bring a document back to the committed one, with all that is in it."""
        self._originals[environment] = _committed(environment)
        self.restore(environment)

    def commit(self) -> None:
        """Put it under git as it is, which a review looks at; what comes later is a change."""
        git = ["git", "-C", str(self.root), "-c", "user.name=test", "-c", "user.email=test@example.com"]
        for command in (["init", "-q"], ["add", "stacks", *_COPIED], ["commit", "-qm", "first"]):
            subprocess.run([*git, *command], check=True)

    def replace(self, *pairs: tuple[str, str], environment: str = "dev") -> None:
        """Replace texts in an environment document; each has to be there."""
        _replace(self.document_of(environment), pairs)

    def replace_in_inventory(self, server: str, *pairs: tuple[str, str]) -> None:
        """Replace texts in what the simulated vCenter of a server has; each has to be there."""
        _replace(self.root / "rehearsal" / "inventories" / f"{server}.yaml", pairs)

    def restore(self, environment: str = "dev") -> None:
        """Bring an environment document back to what it was at first."""
        self.document_of(environment).write_text(self._originals[environment], encoding="utf-8")


def _replace(file: Path, pairs: Iterable[tuple[str, str]]) -> None:
    text = file.read_text(encoding="utf-8")
    for this, by in pairs:
        assert this in text, f"{file.name} does not hold {this!r}"
        text = text.replace(this, by, 1)
    file.write_text(text, encoding="utf-8")


def _committed(environment: str) -> str:
    return (ROOT / "stacks" / "environments" / f"{environment}.yaml").read_text(encoding="utf-8")


def without_tools(document: str) -> str:
    """Return the text of an environment document up to where its tools begin."""
    return document.partition("\nplatform:\n")[0].rstrip("\n") + "\n"


def without_gpus(document: str) -> str:
    """Return the text of an environment document without its pools with GPUs."""
    yaml = YAML(typ="rt", pure=True)
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    data = yaml.load(document)
    for name in [name for name, pool in data["nodePools"].items() if "gpu" in pool]:
        del data["nodePools"][name]
    for team in data.get("cluster", {}).get("teams", {}).values():
        team.get("quota", {}).pop("gpus", None)
    text = io.StringIO()
    yaml.dump(data, text)
    return text.getvalue()
