"""A file that can't be written is said before any work is done for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

import pytest

from infra.errors import NotPossibleHere
from infra.operate import promote, review, status
from infra.operate.writable import check_writable

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(*_: object, **__: object) -> NoReturn:
        raise AssertionError("work was done before the file was looked at")

    monkeypatch.setattr(review, "make_review", work)
    monkeypatch.setattr(status, "read_status", work)
    monkeypatch.setattr(promote, "plan_promotion", work)


def said(option: str, path: Path) -> str:
    with pytest.raises(NotPossibleHere) as refused:
        check_writable(option, path)
    return str(refused.value)


def test_why_a_file_cannot_be_written(tmp_path: Path) -> None:
    gone = tmp_path / "gone" / "x.md"
    assert said("--output", gone) == (
        f"--output: {gone} can't be written: there is no folder {gone.parent}; make it: mkdir -p {gone.parent}"
    )
    assert said("--page", tmp_path).startswith(f"--page: {tmp_path} can't be written: it is a folder; ")
    file = tmp_path / "file"
    file.touch()
    assert f"{file} is no folder; " in said("--seal", file / "x.json")
    check_writable("--output", file)
    check_writable("--output", tmp_path / "new.md")
    assert not (tmp_path / "new.md").exists()


def test_a_right_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def access(path: Path, _: int) -> bool:  # played: nothing is closed to root
        asked.append(path)
        return False

    monkeypatch.setattr(os, "access", access)
    assert "can't be written: you have no right to; " in said("--output", tmp_path / "new.md")
    (tmp_path / "old.md").touch()
    assert "you have no right to" in said("--output", tmp_path / "old.md")
    assert asked == [tmp_path, tmp_path / "old.md"]


def test_every_command_looks_first(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with pytest.raises(NotPossibleHere, match=r"^--output: "):
        review.write_review(["dev"], "HEAD", "md", gone / "x.md")
    with pytest.raises(NotPossibleHere, match=r"^--seal: "):
        review.write_review(["dev"], "HEAD", "md", None, seal=gone / "x.json")
    with pytest.raises(NotPossibleHere, match=r"^--page: "):
        status.show_status("dev", gone / "x.html")
    for dry_run in (False, True):
        with pytest.raises(NotPossibleHere, match=r"^--review: "):
            promote.run_promote("dev", "staging", back=False, dry_run=dry_run, review=gone / "x.md")
