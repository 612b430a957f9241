"""A checkout's documents as they would be: with one environment document that nobody has written yet."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from infra.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def proposed(root: Path, name: str, text: str) -> Iterator[Catalog]:
    """Give a catalogue in which an environment has another document, or is new; the checkout stays as it is."""
    with TemporaryDirectory(prefix="slipway-proposed-") as folder:
        shutil.copytree(root.resolve() / "stacks", Path(folder) / "stacks", copy_function=os.symlink)
        document = Path(folder) / "stacks" / "environments" / f"{name}.yaml"
        document.unlink(missing_ok=True)  # a link: what it points to is not to be written
        document.write_bytes(text.encode())
        yield Catalog(Path(folder))
