"""A review against a revision whose code can't answer: documents and releases are compared, texts are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.catalog import Catalog
from infra.review.assembling import Parts, assembled
from infra.review.report import as_html, as_markdown
from infra.review.revisions import Snapshot, snapshot
from infra.review.snapshot import own_snapshot
from tests.review.made import layer
from tests.support.stacks import copy_stacks

if TYPE_CHECKING:
    from pathlib import Path

    from infra.review.model import Review

WHY = "that revision is from before there were reviews"


def document(root: Path) -> Path:
    return root / "stacks" / "environments" / "dev.yaml"


def change(file: Path, this: str, by: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert this in text
    file.write_text(text.replace(this, by, 1), encoding="utf-8")


def against(before: Snapshot, root: Path) -> Review:
    layers = {"dev": [layer("dev.compute")]}
    return assembled(["dev"], Parts(before, own_snapshot(Catalog(root), ["dev"]), layers), against="a", revision="b")


def test_documents_are_read_where_the_code_cannot_answer(tmp_path: Path) -> None:
    copy_stacks(tmp_path)
    before = snapshot(tmp_path, ["dev"])
    assert (before.problems, before.texts) == ({"dev": WHY}, {})
    (same,) = against(before, tmp_path).environments
    assert (same.documents, same.release_changes, same.gpus, same.texts) == ((), (), (), ())
    assert same.refusals == (f"what its texts were before is not known: {WHY}",)


def test_differences_of_documents_and_releases_are_told_without_texts(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    copy_stacks(old)
    copy_stacks(new)
    change(document(old), "release: 2026.11.0", "release: 2026.10.0")
    change(document(old), "\ncluster:\n", "\nformerly: here\ncluster:\n")
    (found,) = against(snapshot(old, ["dev"]), new).environments
    assert found.release == ("2026.10.0", "2026.11.0")
    assert "charts.harbor" in {each.name for each in found.release_changes}
    assert {each.path: (each.old, each.new) for each in found.documents} == {
        "release": ("2026.10.0", "2026.11.0"),
        "formerly": ("here", ""),
    }
    assert found.texts == ()


def test_a_document_that_cannot_be_read_is_said_and_has_no_release_section(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    copy_stacks(old)
    copy_stacks(new)
    document(old).write_text("name: [", encoding="utf-8")
    review = against(snapshot(old, ["dev"]), new)
    (line,) = review.environments[0].refusals
    assert line.startswith(f"what it was before is not known: {WHY}; stacks/environments/dev.yaml:1: is not valid YAML")
    for text in (as_markdown(review), as_html(review)):
        assert "Release" not in text
        assert "what it was before is not known" in text


def test_a_release_of_another_form_is_said_and_the_rest_is_told(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    copy_stacks(old)
    copy_stacks(new)
    release = old / "stacks" / "releases" / "2026.11.0.yaml"
    release.write_text(release.read_text(encoding="utf-8") + "formerly: here\n", encoding="utf-8")
    (found,) = against(snapshot(old, ["dev"]), new).environments
    assert (found.documents, found.release_changes) == ((), ())
    assert "stacks/releases/2026.11.0.yaml:" in found.refusals[0]
