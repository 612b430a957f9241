"""A chart's archive is unpacked where it can do no harm, or refused in one line."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from infra.charts.archive import check_chart, digest_of_tree, sha256_of, tree_in, tree_of, unpack_chart
from infra.charts.not_available import NotAvailable
from tests.charts.publishers import packed, packed_chart

if TYPE_CHECKING:
    from pathlib import Path

TINY = packed_chart("tiny", "1.0.0", {"templates/a.yaml": "a"})


def linking(target: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        entry = tarfile.TarInfo("tiny/secrets")
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        archive.addfile(entry)
    return out.getvalue()


def test_digest_is_sha256() -> None:
    assert sha256_of(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_chart_is_unpacked_and_its_folder_returned(tmp_path: Path) -> None:
    folder = unpack_chart(TINY, tmp_path / "new")
    assert folder == tmp_path / "new" / "tiny"
    assert (folder / "templates" / "a.yaml").read_text() == "a"
    assert tree_of(folder) == tree_in(TINY)
    assert list(tree_of(folder)) == ["Chart.yaml", "templates/a.yaml"]


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (
            TINY[:-20],
            "its archive can't be unpacked (Compressed file ended before the end-of-stream marker was reached)",
        ),
        (b"<html>", "its archive can't be unpacked (Not a gzipped file (b'<h'))"),
        (
            packed({"tiny/Chart.yaml": "", "tiny/../../evil": ""}),
            "its archive holds what does not belong in a chart (tiny/../../evil)",
        ),
        (linking("/etc"), "its archive holds what does not belong in a chart (tiny/secrets)"),
        (linking("../../outside"), "its archive holds what does not belong in a chart (tiny/secrets)"),
        (packed({}), "its archive holds something else than one folder with a Chart.yaml (nothing)"),
        (packed({"Chart.yaml": ""}), "its archive holds something else than one folder with a Chart.yaml (Chart.yaml)"),
        (
            packed({"tiny/Chart.yaml": "", "/etc/passwd": ""}),
            "its archive holds something else than one folder with a Chart.yaml (etc, tiny)",
        ),
        (packed({"tiny/values.yaml": ""}), "its archive holds something else than one folder with a Chart.yaml (tiny)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # archives hold the time they were made
)
def test_archive_that_is_no_chart_is_refused(archive: bytes, reason: str, tmp_path: Path) -> None:
    folder = tmp_path / "inside" / "new"
    with pytest.raises(NotAvailable) as refused:
        unpack_chart(archive, folder)
    assert str(refused.value) == reason
    assert list(tmp_path.iterdir()) == [tmp_path / "inside"]
    assert list((tmp_path / "inside").iterdir()) == [folder]


def test_another_chart_than_the_one_asked_for_is_refused() -> None:
    check_chart(TINY, "tiny", "1.0.0")
    with pytest.raises(NotAvailable) as refused:
        check_chart(TINY, "tiny", "1.0.1")
    assert str(refused.value) == "its archive holds another chart (tiny 1.0.0)"
    with pytest.raises(NotAvailable) as unreadable:
        check_chart(packed({"tiny/Chart.yaml": "["}), "tiny", "1.0.0")
    assert str(unreadable.value) == "the Chart.yaml in its archive can't be read"


def test_tree_shows_every_change(tmp_path: Path) -> None:
    folder = unpack_chart(TINY, tmp_path)
    before = digest_of_tree(tree_of(folder))
    seen = {before}
    for change in ("content", "name", "link"):
        if change == "content":
            (folder / "templates" / "a.yaml").write_text("b")
        elif change == "name":
            (folder / "templates" / "a.yaml").rename(folder / "templates" / "b.yaml")
        else:
            (folder / "crds").symlink_to("templates")
        seen.add(digest_of_tree(tree_of(folder)))
    assert len(seen) == 4
