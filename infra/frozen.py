"""A release is frozen from its first git tag: what ran somewhere under its name never changes."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from infra.errors import DocumentsRefused, Refusal, StepFailed

if TYPE_CHECKING:
    from pathlib import Path


def frozen_by(root: Path, version: str) -> str | None:
    """Return the oldest tag that has a release's file, or None when the release is not frozen."""
    file = f"stacks/releases/{version}.yaml"
    for tag in _git(root, "tag", "--sort=creatordate").split():
        if _git(root, "ls-tree", "--name-only", tag, file).strip():
            return tag
    return None


def check_frozen(root: Path, version: str) -> None:
    """Raise `DocumentsRefused` for a release whose file has changed since a tag froze it."""
    tag = differs_from_frozen(root, version)
    if tag is not None:
        source = f"stacks/releases/{version}.yaml"
        fix = f"bring it back (git checkout {tag} -- {source}), and put the change into a new release"
        raise DocumentsRefused([Refusal(source, 0, "", "", f"has changed since tag {tag} froze it", fix)])


def differs_from_frozen(root: Path, version: str) -> str | None:
    """Return the tag that froze a release whose file has changed since, or None."""
    tag = frozen_by(root, version)
    if tag is None:
        return None
    file = f"stacks/releases/{version}.yaml"
    same = _git(root, "show", f"{tag}:{file}") == (root / file).read_text(encoding="utf-8")
    return None if same else tag


def _git(root: Path, *arguments: str) -> str:
    """Return what git says; nothing where there is no git or no repository, for there nothing is tagged.

    Raises `StepFailed` when there is a repository that git does not read.
    """
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    if done.returncode == 0:
        return done.stdout
    if "not a git repository" in done.stderr:
        return ""
    raise StepFailed(f"git {arguments[0]}", " ".join(done.stderr.split()))
