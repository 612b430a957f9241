"""Unpacking a Debian package, with apt-get and dpkg-deb that are played."""

import os
import subprocess
from pathlib import Path

import pytest

from tools.install import debian
from tools.install.catalog import Debian
from tools.install.errors import InstallError
from tools.install.running import Log

PROGRAM = Debian(package="small", requirements="requirements.txt", module="small.main")
PLAYED_APT = """#!/bin/sh
echo "$@" >> {folder}/calls
if [ "$1" = update ]; then touch {folder}/lists; exit 0; fi
[ -e {folder}/lists ] || {{ echo "E: Unable to locate package small" >&2; exit 100; }}
touch small_1_all.deb
"""
PLAYED_DPKG = """#!/bin/sh
mkdir -p "$3/usr/lib/python3/dist-packages/small"
echo 'import sys; print("played", sys.argv[1:])' > "$3/usr/lib/python3/dist-packages/small/main.py"
"""


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the played programs, first on PATH. The package lists are empty until `lists` exists."""
    folder = tmp_path / "played"
    folder.mkdir()
    for name, text in {"apt-get": PLAYED_APT.format(folder=folder), "dpkg-deb": PLAYED_DPKG}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (tmp_path / "requirements.txt").write_text("")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def unpack(tmp_path: Path) -> Path:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    debian.unpack(tmp_path, PROGRAM, folder, Log(tmp_path / "logs" / "small.log"), lambda: None)
    return folder


def test_an_unpacked_program_runs_in_its_own_environment(played: Path, tmp_path: Path) -> None:
    (played / "lists").touch()
    folder = unpack(tmp_path)
    launcher = tmp_path / "bin" / "small"
    debian.place_launcher(PROGRAM, folder, launcher)
    answer = subprocess.run([launcher, "schema", "x"], capture_output=True, text=True, check=True)
    assert answer.stdout == "played ['schema', 'x']\n"
    assert (played / "calls").read_text() == "download small\n"
    assert sorted(path.name for path in folder.iterdir()) == ["python", "root"]


def test_root_fetches_empty_package_lists(played: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    debian._unpack_package("small", tmp_path, Log(tmp_path / "logs" / "small.log"), lambda: None)
    assert (played / "calls").read_text() == "download small\nupdate\ndownload small\n"


@pytest.mark.usefixtures("played")
def test_others_are_told_to_fetch_empty_package_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(InstallError) as caught:
        unpack(tmp_path)
    assert str(caught.value) == (
        "apt-get can't download small: run `sudo apt-get update` once, then try again; "
        f"the last lines of {tmp_path}/logs/small.log:\nE: Unable to locate package small"
    )


def test_other_systems_are_told_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InstallError) as caught:
        unpack(tmp_path)
    assert str(caught.value) == ("needs apt-get and dpkg-deb: it is taken from the packages of Debian or Ubuntu")
