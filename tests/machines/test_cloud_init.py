"""What a played machine makes of its user data: cloud-init's own module and schema, and what stands in for them."""

from __future__ import annotations

import base64
import grp
import json
import os
import pwd
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.machines import cloud_init
from rehearsal.machines.cloud_init import cloud_init_python, take_user_data
from rehearsal.machines.places import TOOLS_BIN

if TYPE_CHECKING:
    from pathlib import Path

OWNER = f"{pwd.getpwuid(os.geteuid()).pw_name}:{grp.getgrgid(os.getegid()).gr_name}"


@pytest.fixture(params=["cloud-init's", "played"])
def way(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Files are written by cloud-init's own module, or without it."""
    if request.param == "played":
        monkeypatch.setattr(cloud_init, "TOOLS_BIN", tmp_path / "nowhere")
    else:
        assert cloud_init_python(TOOLS_BIN / "cloud-init"), "missing: python -m tools.install cloud-init"
    return str(request.param)


def user_data(folder: Path, *files: dict[str, Any]) -> str:
    """Return user data that writes files into a folder, as JSON, which is YAML."""
    listed = [{**each, "path": str(folder / each["path"]), "owner": OWNER} for each in files]
    return f"#cloud-config\n{json.dumps({'package_update': False, 'write_files': listed})}\n"


def written(folder: Path) -> dict[str, tuple[str, str]]:
    """Return text and permissions of the files in a folder, by path."""
    found = [file for file in folder.rglob("*") if file.is_file()]
    return {
        str(file.relative_to(folder)): (file.read_text(encoding="utf-8"), f"{file.stat().st_mode & 0o7777:04o}")
        for file in found
    }


@pytest.mark.usefixtures("way")
def test_files_are_written_at_the_first_boot_alone(tmp_path: Path) -> None:
    folder = tmp_path / "machine"
    (folder / "etc").mkdir(parents=True)
    (folder / "etc" / "environment").write_text("A=1\n", encoding="utf-8")
    text = user_data(
        folder,
        {"path": "etc/new/node.json", "content": '{"name": "ä"}\n', "permissions": "0600", "append": False},
        {"path": "etc/environment", "content": "B=2\n", "permissions": "0644", "append": True},
        {"path": "etc/empty", "content": "", "permissions": "0755", "append": False},
    )
    before = written(folder)
    assert take_user_data(text, first_boot=False)["package_update"] is False
    assert written(folder) == before
    found = take_user_data(text, first_boot=True)
    assert [each["permissions"] for each in found["write_files"]] == ["0600", "0644", "0755"]
    assert written(folder) == {
        "etc/new/node.json": ('{"name": "ä"}\n', "0600"),
        "etc/environment": ("A=1\nB=2\n", "0644"),
        "etc/empty": ("", "0755"),
    }


def test_the_real_module_knows_encodings(tmp_path: Path) -> None:
    encoded = base64.b64encode(b"text\n").decode()
    text = user_data(tmp_path, {"path": "a", "content": encoded, "encoding": "b64", "permissions": "0640"})
    take_user_data(text, first_boot=True)
    assert written(tmp_path) == {"a": ("text\n", "0640")}


@pytest.mark.parametrize("first_boot", [True, False])
def test_what_the_schema_refuses_ends_the_boot(tmp_path: Path, first_boot: bool) -> None:  # noqa: FBT001 - a column
    text = user_data(tmp_path, {"path": "a", "content": "x", "permissions": "0640"})
    with pytest.raises(SystemExit) as ended:
        take_user_data(text.replace("false", "[]"), first_boot=first_boot)
    said = str(ended.value)  # the words between differ from version to version
    assert said.startswith("cloud-init refuses the user data: ")
    assert said.endswith("package_update: [] is not of type 'boolean'")
    assert written(tmp_path) == {}


def test_without_cloud_init_the_console_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cloud_init, "TOOLS_BIN", tmp_path / "nowhere")
    take_user_data("#cloud-config\nruncmd: []\n", first_boot=True)
    assert capsys.readouterr().out == (
        "cloud-init is not installed: its files are written without it, and its schema is not asked\n"
    )
