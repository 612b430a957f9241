"""`slipway change`: people look at records, and decide."""

from __future__ import annotations

import os
import pwd
import subprocess
from typing import TYPE_CHECKING

import pytest

from infra.catalog import Catalog
from infra.errors import NotPossibleHere
from infra.operate.change_records import decide_change, list_changes, person, show_change
from infra.review.change_records import ChangeSummary
from infra.review.change_records.folder import FolderRecords
from tests.support.checkout import Checkout
from tests.support.stacks import copy_stacks

if TYPE_CHECKING:
    from pathlib import Path

SEAL = f"sha256:{'ab' * 32}"
ID = "dev-abababababab"
SUMMARY = ChangeSummary(
    "Slipway: dev: 1 to delete",
    "jane",
    ("dev",),
    dangers=("dev.platform: deletes: data (it is lost)",),
    revision="0123",
)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    copy_stacks(tmp_path)
    (tmp_path / "stacks" / "change-records.yaml").write_text("file: {}\n", encoding="utf-8")
    FolderRecords(tmp_path / "stacks" / "changes").create(SUMMARY, SEAL)
    return Catalog(tmp_path)


def test_a_change_is_listed_shown_and_approved(catalog: Catalog) -> None:
    assert list(list_changes(catalog)) == [f"{ID}: open"]
    assert list(show_change(ID, catalog)) == [
        f"{ID}: open",
        "  Slipway: dev: 1 to delete",
        "  asked for by jane, revision 0123",
        f"  seal {SEAL}",
        "  dangers: dev.platform: deletes: data (it is lost)",
    ]
    assert decide_change(ID, approve=True, because="ok", catalog=catalog, by="joe") == f"{ID}: approved by joe"
    assert list(list_changes(catalog)) == [f"{ID}: approved by joe"]


def test_a_change_is_refused_by_who_runs_the_command(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")
    name = pwd.getpwuid(os.getuid()).pw_name
    assert person() == name
    assert decide_change(ID, approve=False, because="not now", catalog=catalog) == f"{ID}: refused by {name}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "is not there, so no changes are recorded; make it, with the line `file: {}`"),
        ("webhook: {url: https://c.example}\n", "records changes in a service; decide there"),
    ],
)
def test_without_a_folder_it_says_so(tmp_path: Path, text: str | None, says: str) -> None:
    copy_stacks(tmp_path)
    if text is not None:
        (tmp_path / "stacks" / "change-records.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(NotPossibleHere, match=says):
        list(list_changes(Catalog(tmp_path)))


def test_the_command_line_has_it(tmp_path: Path) -> None:
    root = Checkout(tmp_path).root
    (root / "stacks" / "change-records.yaml").write_text("file: {folder: stacks/changes}\n", encoding="utf-8")
    folder = FolderRecords(root / "stacks" / "changes")
    folder.create(SUMMARY, SEAL)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(root / "slipway"), "change", *arguments]
        bare = {"PATH": os.defpath, "HOME": "/nonexistent"}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=bare)

    assert run("list").stdout == f"{ID}: open\n"
    assert run("show", ID).stdout.splitlines()[0] == f"{ID}: open"
    done = run("approve", "none")
    assert (done.returncode, done.stderr.splitlines()) == (
        2, [f"none: there is no such record in {root}/stacks/changes; see: slipway change list"],
    )  # fmt: skip
    assert run("approve", ID, "--because", "ok").returncode == 0
    assert folder.read(ID).because == "ok"
    assert run("refuse", ID, "--because", "late").returncode == 2
