"""A bundle is collected once, completed after a kill, and never half of a thing."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from infra.catalog import ROOT
from infra.charts import collecting
from infra.charts.archive import sha256_of
from infra.charts.bundle import Bundle
from infra.charts.collecting import collect
from infra.charts.record import Record
from infra.errors import StepFailed
from tests.charts.publishers import OBJECTS, chart, manifests, packed_chart
from tests.support.environments import RELEASE

if TYPE_CHECKING:
    from pathlib import Path

    from infra.model.charts import Chart
    from infra.model.release import Release
    from tests.charts.publishers import Publisher

ONE, TWO = packed_chart("one", "1.0.0", {"values.yaml": "a: 1\n"}), packed_chart("two", "2.0.0")


def release_of(publisher: Publisher, **other: Chart) -> Release:
    """A release of two charts, of both kinds of publishers, and of a manifests file."""
    publisher.oci_chart("charts/two", "2.0.0", TWO)
    publisher.files["/driver.yaml"] = OBJECTS
    charts = {
        "one": chart("one", "1.0.0", publisher.repository("charts", {("one", "1.0.0"): ONE})),
        "two": chart("two", "2.0.0", f"oci://{publisher.address}/charts"),
        **other,
    }
    csi = manifests("3.0.0", f"{publisher.url}/driver.yaml")
    return RELEASE.model_copy(update={"charts": charts, "manifests": {"csi": csi}})


def files_in(folder: Path) -> list[str]:
    folders = {"charts", "archives", "manifests", "one", "two"}
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.name not in folders)


WHOLE = [
    "archives/one-1.0.0.tgz",
    "archives/two-2.0.0.tgz",
    "bundle.json",
    "charts/one/Chart.yaml",
    "charts/one/values.yaml",
    "charts/two/Chart.yaml",
    "manifests/csi.yaml",
]


def bundle(root: Path, release: Release) -> tuple[Bundle, Path]:
    found = Bundle.of(root, release)
    return found, root / found.folder


def test_everything_is_fetched_once(publisher: Publisher, tmp_path: Path) -> None:
    release = release_of(publisher)
    found, folder = bundle(tmp_path, release)
    assert list(collect(release, folder)) == [
        f"charts.one: 1.0.0 from {publisher.url}/charts/one-1.0.0.tgz is {sha256_of(ONE)}",
        f"charts.two: 2.0.0 from oci://{publisher.address}/charts/two:2.0.0 is {sha256_of(TWO)}",
        f"manifests.csi: 3.0.0 from {publisher.url}/driver.yaml is {sha256_of(OBJECTS)}",
    ]
    assert files_in(folder) == WHOLE
    assert found.check(release) == []
    publisher.asked.clear()
    assert list(collect(release, folder)) == []
    assert publisher.asked == []


def test_charts_come_from_the_mirror_and_manifests_do_not(publisher: Publisher, tmp_path: Path) -> None:
    release = release_of(publisher)
    for name, version, archive in (("one", "1.0.0", ONE), ("two", "2.0.0", TWO)):
        publisher.oci_chart(f"mirrored/{name}", version, archive)
    said = list(collect(release, tmp_path, f"oci://{publisher.address}/mirrored"))
    assert [line.split()[3] for line in said] == [
        f"oci://{publisher.address}/mirrored/one:1.0.0",
        f"oci://{publisher.address}/mirrored/two:2.0.0",
        f"{publisher.url}/driver.yaml",
    ]


def test_what_could_be_had_is_there_when_the_rest_is_not(publisher: Publisher, tmp_path: Path) -> None:
    pinned = "sha256:" + "1" * 64
    away = chart("away", "1.0.0", "http://127.0.0.1:1")
    release = release_of(publisher, away=away)
    csi = release.manifests["csi"].model_copy(update={"digest": pinned})
    release = release.model_copy(update={"manifests": {"csi": csi}})
    found, folder = bundle(tmp_path, release)
    with pytest.raises(StepFailed) as failed:
        list(collect(release, folder))
    assert str(failed.value) == (
        "bundle 2026.11.0: charts.away: chart away 1.0.0 of http://127.0.0.1:1: its repository does not answer "
        "([Errno 111] Connection refused)\n"
        f"manifests.csi: {publisher.url}/driver.yaml: what is published is {sha256_of(OBJECTS)}, and the release pins "
        f"{pinned}\n"
        "run this where there is internet; what is there already is not fetched again"
    )
    assert found.check(release) == ["charts.away: is not there", "manifests.csi: is not there"]


ALL = ["charts.one", "charts.two", "manifests.csi"]


@pytest.mark.parametrize(
    ("silent", "missing"),
    [
        ("/charts/one-1.0.0.tgz", ALL),
        ("/v2/charts/two/manifests/2.0.0", ALL[1:]),
        ("/driver.yaml", ALL[2:]),
    ],
)
def test_run_that_was_killed_is_completed_by_the_next(
    publisher: Publisher, tmp_path: Path, silent: str, missing: list[str]
) -> None:
    release = release_of(publisher)
    found, folder = bundle(tmp_path, release)
    publisher.silent.add(silent)
    kill_when_asked_for(publisher, release, folder, silent)
    assert found.check(release) == [f"{name}: is not there" for name in missing]
    publisher.silent.clear()
    assert [line.partition(":")[0] for line in collect(release, folder)] == missing
    assert files_in(folder) == WHOLE
    assert found.check(release) == []


def kill_when_asked_for(publisher: Publisher, release: Release, folder: Path, path: str) -> None:
    """Collect in a process of its own, and kill it while it waits for a path that is never answered."""
    program = (
        "import pickle, sys; from pathlib import Path; from infra.charts.collecting import collect; "
        "list(collect(pickle.load(sys.stdin.buffer), Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", program, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(pickle.dumps(release))
        process.stdin.close()
        while path not in publisher.asked:
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()


class Killed(BaseException):
    """The end of a run, at a point that a test chose."""


@pytest.mark.parametrize("newer", [False, True])
@pytest.mark.parametrize("moves", range(5))
def test_run_that_ends_between_two_moves_is_completed_by_the_next(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int, *, newer: bool
) -> None:
    release = release_of(publisher)
    found, folder = bundle(tmp_path, release)
    if newer:
        list(collect(released_before(publisher, release), folder))
    done: list[Path] = []

    def move_or_end(new: Path, place: Path, unfinished: Path) -> None:
        if len(done) == moves:
            raise Killed
        done.append(place)
        move(new, place, unfinished)

    move = collecting._move
    monkeypatch.setattr(collecting, "_move", move_or_end)
    with pytest.raises(Killed):
        list(collect(release, folder))
    monkeypatch.undo()
    assert found.check(release) != []
    list(collect(release, folder))
    assert files_in(folder) == WHOLE
    assert found.check(release) == []


def released_before(publisher: Publisher, release: Release) -> Release:
    """The release as it was before: other versions of everything."""
    old = {(name, "0.9.0"): packed_chart(name, "0.9.0", {"old.yaml": ""}) for name in ("one", "two")}
    source = publisher.repository("old", old)
    charts = {name: chart(name, "0.9.0", source) for name in ("one", "two")}
    csi = release.manifests["csi"].model_copy(update={"version": "2.0.0"})
    return release.model_copy(update={"charts": charts, "manifests": {"csi": csi}})


def test_what_is_not_what_it_was_is_fetched_again(publisher: Publisher, tmp_path: Path) -> None:
    release = release_of(publisher)
    found, folder = bundle(tmp_path, release)
    list(collect(release, folder))
    (folder / "charts" / "one" / "values.yaml").write_text("a: 2\n", encoding="utf-8")
    (folder / "archives" / "two-2.0.0.tgz").write_bytes(TWO[:-1])
    (folder / ".unfinished-folder").mkdir()
    (folder / ".unfinished-file").touch()
    assert [line.partition(":")[0] for line in collect(release, folder)] == ALL[:2]
    assert files_in(folder) == WHOLE
    assert found.check(release) == []


def test_a_contract_is_replaced_by_the_real_thing(publisher: Publisher, tmp_path: Path) -> None:
    release = release_of(publisher)
    found, folder = bundle(tmp_path, release)
    folder.mkdir(parents=True)
    Record(release=release.version, kind="contract").write(folder)
    assert len(list(collect(release, folder))) == len(ALL)
    assert (found.kind, found.check(release)) == ("real", [])
