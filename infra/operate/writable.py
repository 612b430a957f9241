"""Whether a file that a command shall write can be written: asked first, so that no work is done in vain."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from infra.errors import NotPossibleHere

if TYPE_CHECKING:
    from pathlib import Path


def check_writable(option: str, path: Path) -> None:
    """Raise `NotPossibleHere` unless a file can be written at a path; `option` is where people gave it."""
    folder = path.parent
    if path.is_dir():
        _refuse(option, path, "it is a folder", f"give a file's name, such as {path / 'file'}")
    if not folder.exists():
        _refuse(option, path, f"there is no folder {folder}", f"make it: mkdir -p {folder}")
    if not folder.is_dir():
        _refuse(option, path, f"{folder} is no folder", "give a path in a folder")
    if not os.access(path if path.exists() else folder, os.W_OK):
        _refuse(option, path, "you have no right to", "let yourself write there: see its owner and mode")


def _refuse(option: str, path: Path, reason: str, fix: str) -> None:
    raise NotPossibleHere(option, f"{path} can't be written: {reason}", fix)
