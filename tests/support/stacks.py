"""The environments that tests know: the three of this repository, whatever else somebody keeps in their checkout."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from infra.catalog import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

COMMITTED = ("dev", "prod", "staging")
_OF_ENVIRONMENTS = ("environments", "placements")  # folders with one file per environment


def copy_stacks(root: Path) -> None:
    """Copy `stacks/` into a folder: all of it but the files of further environments."""
    shutil.copytree(ROOT / "stacks", root / "stacks", ignore=_of_others)


def _of_others(folder: str, names: Iterable[str]) -> set[str]:
    if folder.endswith(_OF_ENVIRONMENTS):
        return {name for name in names if name.partition(".")[0] not in COMMITTED}
    return {name for name in names if name.startswith("Pulumi.") and name.split(".")[1] not in COMMITTED}
