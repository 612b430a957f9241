"""A scratch checkout: this repository's files in a folder of its own, whose documents a test may change."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from infra.catalog import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_COPIED = ("infra", "rehearsal", "stacks", "templates", "Pulumi.yaml", "__main__.py", "slipway")
_SHARED = (".venv", ".tools", "tools")


class Checkout:
    """A scratch checkout and a rehearsal of its dev environment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__", "vcenter"))
            else:
                shutil.copy(source, root / name)
        for name in _SHARED:
            (root / name).symlink_to(ROOT / name)

    @property
    def document(self) -> Path:
        """The file of the environment document."""
        return self.root / "stacks" / "environments" / "dev.yaml"

    def replace(self, *pairs: tuple[str, str]) -> None:
        """Replace texts in the environment document; each has to be there."""
        text = self.document.read_text(encoding="utf-8")
        for this, by in pairs:
            assert this in text, f"the document does not hold {this!r}"
            text = text.replace(this, by, 1)
        self.document.write_text(text, encoding="utf-8")

    def restore(self) -> None:
        """Bring the environment document back to the committed one."""
        shutil.copy(ROOT / "stacks" / "environments" / "dev.yaml", self.document)
