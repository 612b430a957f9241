"""What a bundle hands out is what the release pins; everything else is refused with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.charts.archive import digest_of_tree, sha256_of, tree_of
from infra.charts.bundle import BUNDLES_VARIABLE, Bundle
from infra.charts.collecting import collect
from infra.charts.record import Kept, Record, chart_folder, manifests_file
from infra.errors import NotPossibleHere
from infra.for_real import REHEARSAL_VARIABLE
from tests.charts.publishers import OBJECTS, chart, manifests, packed_chart
from tests.support.environments import RELEASE

if TYPE_CHECKING:
    from pathlib import Path

    from infra.model.release import Release
    from tests.charts.publishers import Publisher

FIX = "run where there is internet: ./slipway bundle 2026.11.0, and copy bundles/2026.11.0 here"
ONE = packed_chart("one", "1.0.0", {"values.yaml": "a: 1\n", "templates/a.yaml": "", "templates/b.yaml": ""})
TWO = packed_chart("two", "2.0.0")
OTHER = "sha256:" + "2" * 64


@pytest.fixture
def release(publisher: Publisher) -> Release:
    """A release of two charts and a manifests file, all of it pinned."""
    source = publisher.repository("charts", {("one", "1.0.0"): ONE, ("two", "2.0.0"): TWO})
    publisher.files["/driver.yaml"] = OBJECTS
    charts = {
        "one": chart("one", "1.0.0", source, sha256_of(ONE)),
        "two": chart("two", "2.0.0", source, sha256_of(TWO)),
    }
    csi = manifests("3.0.0", f"{publisher.url}/driver.yaml", sha256_of(OBJECTS))
    return RELEASE.model_copy(update={"charts": charts, "manifests": {"csi": csi}})


@pytest.fixture
def folder(release: Release, tmp_path: Path) -> Path:
    """The folder of the collected bundle of the release, below the checkout `tmp_path`."""
    place = tmp_path / "bundles" / "2026.11.0"
    list(collect(release, place))
    return place


def repinned(release: Release, name: str, **changes: str) -> Release:
    charts = {**release.charts, name: release.charts[name].model_copy(update=changes)}
    return release.model_copy(update={"charts": charts})


def refusal(root: Path, release: Release, component: str = "one") -> str:
    """Return why a chart is refused, without what to do, which is always the same."""
    with pytest.raises(NotPossibleHere) as refused:
        Bundle.of(root, release).chart(component)
    return str(refused.value).removesuffix(f"; {FIX}")


@pytest.mark.usefixtures("folder")
def test_places_are_relative_to_the_checkout(release: Release, tmp_path: Path) -> None:
    bundle = Bundle.of(tmp_path, release)
    assert bundle.kind == "real"
    assert str(bundle.chart("one")) == "bundles/2026.11.0/charts/one"
    assert str(bundle.manifests("csi")) == "bundles/2026.11.0/manifests/csi.yaml"
    assert bundle.check(release) == []


def test_bundle_that_is_not_there_is_said(release: Release, tmp_path: Path) -> None:
    bundle = Bundle.of(tmp_path, release)
    assert refusal(tmp_path, release) == "bundles/2026.11.0: is not there"
    assert bundle.check(release) == ["bundles/2026.11.0: is not there"]
    with pytest.raises(NotPossibleHere) as refused:
        _ = bundle.kind
    assert str(refused.value) == f"bundles/2026.11.0: is not there; {FIX}"


@pytest.mark.parametrize("record", ["", "{}", '{"format": 2, "release": "2026.11.0", "kind": "real"}'])
def test_bundle_without_a_record_is_said(folder: Path, release: Release, tmp_path: Path, record: str) -> None:
    (folder / "bundle.json").write_text(record, encoding="utf-8")
    assert refusal(tmp_path, release) == "bundles/2026.11.0: has no bundle.json that can be read"


def test_component_that_the_release_lacks_is_said(release: Release, tmp_path: Path) -> None:
    with pytest.raises(NotPossibleHere) as refused:
        Bundle.of(tmp_path, release).chart("three")
    wanted = "stacks/releases/2026.11.0.yaml: has no charts.three; give the environment a release that has it"
    assert str(refused.value) == wanted


@pytest.mark.usefixtures("folder")
def test_what_the_release_does_not_pin_is_refused(release: Release, tmp_path: Path) -> None:
    newer = repinned(release, "one", version="1.1.0")
    assert refusal(tmp_path, newer) == "bundles/2026.11.0: charts.one: is version 1.0.0, and the release has 1.1.0"
    other = repinned(release, "one", digest=OTHER)
    assert refusal(tmp_path, other) == (
        f"bundles/2026.11.0: charts.one: its archive is {sha256_of(ONE)}, and the release pins {OTHER}"
    )


def test_changed_files_are_named(folder: Path, release: Release, tmp_path: Path) -> None:
    one = folder / "charts" / "one"
    frame = "bundles/2026.11.0: charts.one: its files are not what its archive holds"
    (one / "values.yaml").write_text("a: 2\n", encoding="utf-8")
    assert refusal(tmp_path, release) == f"{frame} (values.yaml)"
    (one / "templates" / "a.yaml").unlink()
    (one / "templates" / "c.yaml").touch()
    assert refusal(tmp_path, release) == f"{frame} (templates/a.yaml, templates/c.yaml, values.yaml)"
    (one / "Chart.yaml").unlink()
    assert refusal(tmp_path, release) == f"{frame} (Chart.yaml, templates/a.yaml, templates/c.yaml, ...)"


def test_a_changed_record_does_not_hide_a_changed_chart(folder: Path, release: Release, tmp_path: Path) -> None:
    forged = packed_chart("one", "1.0.0", {"values.yaml": "a: 2\n"})
    (folder / "archives" / "one-1.0.0.tgz").write_bytes(forged)
    record = Record.read(folder)
    assert record is not None
    record.having("charts.one", Kept(version="1.0.0", digest=sha256_of(forged), origin="x")).write(folder)
    assert refusal(tmp_path, release) == (
        f"bundles/2026.11.0: charts.one: its archive is {sha256_of(forged)}, and the release pins {sha256_of(ONE)}"
    )


def test_check_names_every_problem_in_stable_order(folder: Path, release: Release, tmp_path: Path) -> None:
    more = {**release.charts, "three": chart("three", "3.0.0", "oci://127.0.0.1:1/charts")}
    wanted = repinned(release.model_copy(update={"charts": more}), "two", version="2.1.0")
    (folder / "charts" / "one" / "values.yaml").unlink()
    (folder / "manifests" / "csi.yaml").write_bytes(b"kind: Other\n")
    changed = sha256_of(b"kind: Other\n")
    assert Bundle.of(tmp_path, release).check(wanted) == [
        "charts.one: its files are not what its archive holds (values.yaml)",
        "charts.three: is not there",
        "charts.two: is version 2.0.0, and the release has 2.1.0",
        f"manifests.csi: its file is {changed}, and the release pins {sha256_of(OBJECTS)}",
    ]


def test_parts_that_are_missing_are_said(folder: Path, release: Release, tmp_path: Path) -> None:
    (folder / "archives" / "one-1.0.0.tgz").unlink()
    (folder / "charts" / "two").rename(tmp_path / "elsewhere")
    (folder / "manifests" / "csi.yaml").unlink()
    assert Bundle.of(tmp_path, release).check(release) == [
        "charts.one: its archive is not there",
        "charts.two: is not there",
        "manifests.csi: its file is not there",
    ]


def test_without_a_pin_the_record_is_what_counts(folder: Path, release: Release, tmp_path: Path) -> None:
    charts = {name: each.model_copy(update={"digest": None}) for name, each in release.charts.items()}
    unpinned = release.model_copy(update={"charts": charts})
    assert Bundle.of(tmp_path, unpinned).check(unpinned) == []
    (folder / "archives" / "one-1.0.0.tgz").write_bytes(TWO)
    digests = f"is {sha256_of(TWO)}, and was {sha256_of(ONE)} when it was put there"
    assert refusal(tmp_path, unpinned) == f"bundles/2026.11.0: charts.one: its archive {digests}"


def contract(folder: Path, release: Release) -> None:
    """Make the bundle of stand-ins that a rehearsal makes."""
    components = {}
    for name, each in release.charts.items():
        place = chart_folder(folder, name)
        place.mkdir(parents=True)
        (place / "Chart.yaml").write_text(f"name: {name}\n", encoding="utf-8")
        tree = digest_of_tree(tree_of(place))
        components[f"charts.{name}"] = Kept(version=each.version, digest=None, origin="a contract", tree=tree)
    file = manifests_file(folder, "csi")
    file.parent.mkdir()
    file.write_bytes(b"kind: Played\n")
    digest = sha256_of(b"kind: Played\n")
    components["manifests.csi"] = Kept(version="3.0.0", digest=digest, origin="a contract")
    Record(release=release.version, kind="contract", components=components).write(folder)


def test_a_contract_serves_in_a_rehearsal_alone(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / ".rehearsal" / "bundles" / "2026.11.0"
    contract(place, release)
    monkeypatch.setenv(BUNDLES_VARIABLE, str(place.parent))
    assert Bundle.of(tmp_path, release).check(release) == ["bundles/2026.11.0: is not there"]
    monkeypatch.setenv(REHEARSAL_VARIABLE, "dev")
    bundle = Bundle.of(tmp_path, release)
    assert (bundle.kind, bundle.check(release)) == ("contract", [])
    assert str(bundle.chart("one")) == ".rehearsal/bundles/2026.11.0/charts/one"
    (place / "charts" / "one" / "Chart.yaml").write_text("", encoding="utf-8")
    assert bundle.check(release) == ["charts.one: its files have been changed since they were made"]


def test_a_contract_is_no_bundle_for_real(release: Release, tmp_path: Path) -> None:
    contract(tmp_path / "bundles" / "2026.11.0", release)
    wanted = "bundles/2026.11.0: stands in for the charts in a rehearsal, and is none of them"
    assert refusal(tmp_path, release) == wanted
    assert Bundle.of(tmp_path, release).check(release) == [wanted]


def test_folder_elsewhere_keeps_its_whole_path(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "elsewhere" / "2026.11.0"
    contract(place, release)
    monkeypatch.setenv(REHEARSAL_VARIABLE, "dev")
    monkeypatch.setenv(BUNDLES_VARIABLE, str(tmp_path / "elsewhere"))
    assert Bundle.of(tmp_path / "checkout", release).chart("one") == place / "charts" / "one"


def test_bundle_of_another_release_is_said(folder: Path, release: Release, tmp_path: Path) -> None:
    folder.rename(folder.with_name("2026.12.0"))
    other = release.model_copy(update={"version": "2026.12.0"})
    assert Bundle.of(tmp_path, other).check(other) == ["bundles/2026.12.0: is the bundle of release 2026.11.0"]
