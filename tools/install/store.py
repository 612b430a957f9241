"""Finished programs in the user's cache, by content, and their links in `.tools/bin`."""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_UNFINISHED = ".unfinished-"
_KEPT = 5  # of each program
_EXECUTABLE = 0o555  # links share the file with the cache: nothing may write into it


def program_folder(cache: Path, name: str, version: str, key: str) -> Path:
    """Return where the files of this very program are kept, once it is finished."""
    return cache / f"{name}-{version}-{key[:12]}"


def keep(folder: Path, name: str, make: Callable[[Path], None]) -> None:
    """Have `make` fill `folder` for the program `name`, all or nothing; when it is there already, use that.

    `make` gets a temporary folder, which becomes `folder` when it returns and vanishes when it raises. What a
    killed process left behind is removed the next time. Another process that makes this program is waited for.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_name(f".{name}.lock")):
        if folder.is_dir():
            os.utime(folder)
            return
        prefix = f"{_UNFINISHED}{name}-"
        for leftover in folder.parent.glob(f"{prefix}*"):
            shutil.rmtree(leftover)
        with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent) as temporary:
            finished = Path(temporary) / folder.name
            finished.mkdir()
            make(finished)
            for file in finished.iterdir():
                if file.is_file():
                    file.chmod(_EXECUTABLE)
            finished.rename(folder)
        _remove_old(folder.parent, name)


def link(folder: Path, bin_folder: Path) -> list[Path]:
    """Put every file of `folder` into `bin_folder`, replacing older ones, and return them."""
    bin_folder.mkdir(parents=True, exist_ok=True)
    return [_place(file, bin_folder / file.name) for file in sorted(folder.iterdir())]


def write_whole(file: Path, text: str, permissions: int = 0o644) -> None:
    """Write a text file such that a reader sees the old or the new one, whoever else writes it meanwhile."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.chmod(permissions)
    new.replace(file)


@contextmanager
def locked(file: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock `file`; call `waiting` once when another process holds it."""
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _place(source: Path, target: Path) -> Path:
    new = target.with_name(f".{target.name}.new")
    new.unlink(missing_ok=True)
    try:
        os.link(source, new)
    except OSError:  # another device, or a file system without links
        shutil.copy2(source, new)
    new.replace(target)
    return target


def _remove_old(cache: Path, name: str) -> None:
    """Remove all but the last used folders of a program: a module under work makes a new one with each change."""
    kept = re.compile(rf"{re.escape(name)}-\d[^-]*-[0-9a-f]{{12}}")
    folders = [folder for folder in cache.iterdir() if kept.fullmatch(folder.name)]
    for folder in sorted(folders, key=lambda each: each.stat().st_mtime_ns)[:-_KEPT]:
        shutil.rmtree(folder)
