"""The file of a seal: what is written is read back, and what was touched is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.catalog import ROOT
from infra.review.seal import PlanRefused, Seal, SealedChange, SealedLayer
from infra.review.seal_file import program_version, read_seal, sealed_documents, write_seal
from infra.review.seal_parts import Below, document_hash, hash_of
from tests.support.environments import PROD, RELEASE
from tests.support.stacks import copy_stacks

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = st.text(max_size=6)
LAYER = st.builds(
    SealedLayer,
    st.just("dev.cluster"),
    st.lists(st.builds(SealedChange, TEXT, TEXT, TEXT), max_size=3).map(tuple),
    st.dictionaries(TEXT, TEXT, max_size=2),
    TEXT,
    st.none() | st.builds(Below, TEXT, TEXT, TEXT),
    st.dictionaries(TEXT, TEXT, max_size=2),
)
SEAL = st.builds(Seal, TEXT, TEXT, TEXT, TEXT, LAYER.map(lambda each: {each.stack: each}))
ONE = Seal(
    "2026-11-26T12:00:00Z",
    "jane",
    "main",
    "0123456",
    {
        "dev.compute": SealedLayer(
            "dev.compute", (SealedChange("urn", "create", "h"),), {"a": "b"}, "s", None, {"t": "1"}
        )
    },
)
USES_ONE_FOLDER = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(SEAL)
@USES_ONE_FOLDER
def test_what_is_written_is_read_back(tmp_path: Path, seal: Seal) -> None:
    file = tmp_path / "seal.json"
    approved = write_seal(file, seal)
    assert approved == seal.hash
    found = read_seal(file, approved)
    assert found == seal
    assert found.hash == approved
    assert [each.name for each in tmp_path.iterdir()] == ["seal.json"]


@given(st.data())
@USES_ONE_FOLDER
def test_a_file_that_was_touched_is_refused_or_says_the_same(tmp_path: Path, data: st.DataObject) -> None:
    file = tmp_path / "seal.json"
    write_seal(file, ONE)
    text = file.read_text(encoding="ascii")
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from(["", "x", "1", '"', "}", " ", "\\", "é"]))
    file.write_text(text[:at] + put + text[at + 1 :], encoding="utf-8")
    said = ""
    try:
        assert read_seal(file) == ONE
    except PlanRefused as refused:
        said = str(refused)
    assert not said or said.startswith(f"{file}: ")
    assert "\n" not in said


@given(st.integers(0, 700))
@USES_ONE_FOLDER
def test_half_a_file_is_refused(tmp_path: Path, length: int) -> None:
    file = tmp_path / "seal.json"
    write_seal(file, ONE)
    text = file.read_text(encoding="ascii").rstrip("\n")
    if length < len(text):
        file.write_text(text[:length], encoding="ascii")
        with pytest.raises(PlanRefused):
            read_seal(file)


def resealed(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a seal's content and give it the hash that fits, as somebody would who wants to have it accepted."""
    content = json.loads(file.read_text(encoding="ascii"))
    change(content)
    plain = {key: value for key, value in content.items() if key not in ("format", "version", "seal")}
    file.write_text(json.dumps({**content, "seal": hash_of(plain)}), encoding="ascii")


def test_another_plan_with_a_fitting_hash_is_not_what_was_approved(tmp_path: Path) -> None:
    file = tmp_path / "seal.json"
    approved = write_seal(file, ONE)
    resealed(file, lambda content: content["stacks"]["dev.compute"].update(state="other"))
    assert read_seal(file).stacks["dev.compute"].state == "other"
    with pytest.raises(PlanRefused, match="is not what was approved"):
        read_seal(file, approved)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda content: content.update(version=2), "has version 2 of the format, and this Slipway reads 1"),
        (lambda content: content.update(format="other"), "is no seal"),
        (lambda content: content.update(more=1), "is no seal"),
        (lambda content: content["stacks"]["dev.compute"].update(more=1), "is no seal"),
        (lambda content: content["stacks"]["dev.compute"].update(state=1), "is no seal (stacks.dev.compute.state"),
        (lambda content: content["stacks"]["dev.compute"].pop("tools"), "is no seal (stacks.dev.compute.tools"),
        (lambda content: content["stacks"]["dev.compute"].update(stack="prod.compute"), "holds another stack's plan"),
        (lambda content: content.pop("stacks") and content.update(stacks=[]), "is no seal"),
    ],
)
def test_what_is_no_seal_is_refused_though_its_hash_fits(tmp_path: Path, change: Any, says: str) -> None:
    file = tmp_path / "seal.json"
    write_seal(file, ONE)
    resealed(file, change)
    with pytest.raises(PlanRefused) as refused:
        read_seal(file)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no JSON"),
        (b"\xff", "is no JSON"),
        (b"[]", "is no seal"),
        (b"NaN", "NaN is no number"),
        (b'{"by": "joe", "by": "jane"}', "a key stands twice"),
        (b'{"format": "slipway-seal", "version": 1}', "does not fit its own hash"),
        (b'{"format": "slipway-seal", "version": 1, "stacks": Infinity}', "Infinity is no number"),
        (b"[" * 100_000, "is no JSON"),
    ],
)
def test_what_is_no_seal_at_all(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "seal.json"
    file.write_bytes(content)
    with pytest.raises(PlanRefused) as refused:
        read_seal(file)
    assert says in str(refused.value)


def test_a_file_that_is_not_there_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(PlanRefused, match="there is no such file"):
        read_seal(tmp_path / "none.json")
    with pytest.raises(PlanRefused, match="can't be read"):
        read_seal(tmp_path)


def test_a_seal_that_can_not_be_written_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "seal.json"
    write_seal(file, ONE)
    before = file.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_seal(file, Seal("later", "joe"))
    assert file.read_bytes() == before


def test_the_documents_of_a_plan(tmp_path: Path) -> None:
    copy_stacks(tmp_path)
    compute = sealed_documents(tmp_path, PROD, RELEASE, "compute")
    own = "stacks/environments/prod.yaml"
    release = f"stacks/releases/{RELEASE.version}.yaml"
    assert set(compute) == {own, release, "stacks/placements/prod.yaml", "stacks/Pulumi.prod.compute.yaml"}
    assert compute[own] == document_hash((tmp_path / own).read_bytes())
    cluster = sealed_documents(tmp_path, PROD, RELEASE, "cluster")
    assert set(cluster) == {own, release, "stacks/Pulumi.prod.cluster.yaml"}
    bundle = tmp_path / "bundles" / RELEASE.version
    bundle.mkdir(parents=True)
    (bundle / "bundle.json").write_text("{}", encoding="utf-8")
    after = sealed_documents(tmp_path, PROD, RELEASE, "cluster")
    assert set(after) - set(cluster) == {f"bundles/{RELEASE.version}/bundle.json"}
    (tmp_path / own).write_text("# another line\n", encoding="utf-8")
    assert sealed_documents(tmp_path, PROD, RELEASE, "compute")[own] != compute[own]


def test_what_is_run_has_a_version_and_what_is_not_run_does_not_count(tmp_path: Path) -> None:
    for name in ("infra", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    before = program_version(tmp_path)
    cached = tmp_path / "infra" / "__pycache__" / "program.pyc"
    cached.parent.mkdir()
    cached.write_bytes(b"")
    (tmp_path / "README.md").write_text("other", encoding="utf-8")
    (tmp_path / "infra" / ".program.py.swp").write_text("other", encoding="utf-8")
    assert program_version(tmp_path) == before
    (tmp_path / "templates" / "platform" / "setup" / "buckets.sh").write_text("other", encoding="utf-8")
    second = program_version(tmp_path)
    (tmp_path / "requirements.txt").write_text("other", encoding="utf-8")
    third = program_version(tmp_path)
    (tmp_path / "infra" / "new.py").write_text("", encoding="utf-8")
    assert len({before, second, third, program_version(tmp_path)}) == 4
