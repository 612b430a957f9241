"""Real definitions of kinds, where this machine has them: found by a setting, read in place."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from rehearsal.layout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "SLIPWAY_REFERENCE"  # names a folder with `crds/<project>/<version>/<definition>.yaml` and `charts/`


def reference_folder(part: str) -> Path | None:
    """Return the folder of real `crds` or `charts`: in the one that `SLIPWAY_REFERENCE` names, or in `../shared`."""
    named = os.environ.get(VARIABLE)
    folder = (ROOT / named if named else ROOT.parent / "shared") / part
    return folder if folder.is_dir() else None


def _numbers(file: Path) -> list[int]:
    """Return the numbers of the version that a definition's folder is named after, for their order."""
    return [int(part) for part in re.findall(r"\d+", file.parent.name)]


def real_definition(name: str) -> Path | None:
    """Return the file of a real definition in its newest version there, or None."""
    folder = reference_folder("crds")
    found = sorted(folder.glob(f"*/*/{name}.yaml"), key=_numbers) if folder is not None else []
    return found[-1] if found else None
