"""What another revision of the repository had: documents, and the texts that its own code makes of them. Reads git."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from infra.errors import NotPossibleHere
from infra.review.plain_documents import plain_documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FOLDERS = ("stacks", "templates", "infra")  # what documents and texts are made of
_MODULE = "infra.review.snapshot"  # answers in JSON; a revision from before it has none


@dataclass(frozen=True)
class Snapshot:
    """What a revision has of some environments.

    `documents` and `releases` are plain data, by environment and by version, `locks` the placement locks, `texts` by
    environment and name. `problems` say, by environment, why there is less than that.
    """

    documents: dict[str, Any] = field(default_factory=dict)
    releases: dict[str, Any] = field(default_factory=dict)
    locks: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def resolved(root: Path, revision: str) -> str:
    """Return the whole name of a commit. Raises `NotPossibleHere` for what is none."""
    done = _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if done.returncode != 0:
        raise NotPossibleHere("--against", f"{revision} is no revision of this repository", "see: git log")
    return done.stdout.decode().strip()


def current_revision(root: Path) -> str:
    """Return the commit that is checked out, with `+changes` where files differ from it; nothing without git."""
    head = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if head.returncode != 0:
        return ""
    changed = _git(root, "status", "--porcelain", "--", *_FOLDERS).stdout.strip()
    return head.stdout.decode().strip() + ("+changes" if changed else "")


@contextmanager
def checked_out(root: Path, revision: str, parts: Sequence[str] = _FOLDERS) -> Iterator[Path]:
    """Yield a folder that has what a revision had of some parts: by default what documents and texts are made of."""
    present = _git(root, "ls-tree", "--name-only", revision).stdout.decode().split()
    done = _git(root, "archive", "--format=tar", revision, *(name for name in parts if name in present))
    with TemporaryDirectory(prefix="slipway-revision-") as folder:
        with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="data")
        yield Path(folder)


def snapshot(folder: Path, environments: Sequence[str]) -> Snapshot:
    """Return what a checkout has of environments: its own code is asked, in a process of its own.

    Of a checkout whose code can't answer, documents are read as this code reads them; its texts are not known.
    """
    if not (folder / f"{_MODULE.replace('.', '/')}.py").exists():
        return _unanswered(folder, environments, "that revision is from before there were reviews")
    variables = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", _MODULE, *environments]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or f"ended with exit code {done.returncode}").splitlines()[-1]
        return _unanswered(folder, environments, f"its code can't say what it made: {said}")
    return Snapshot(**json.loads(done.stdout))


def _unanswered(folder: Path, environments: Sequence[str], why: str) -> Snapshot:
    """Return what documents alone say, and `why` there is not more."""
    found = plain_documents(folder, environments)
    problems = {name: "; ".join([why, *found.problems.get(name, ())]) for name in environments}
    return Snapshot(found.documents, found.releases, found.locks, problems=problems)


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
