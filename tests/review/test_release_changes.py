"""What differs between two releases: versions, digests, what came and went, and nothing else."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from infra.catalog import Catalog
from infra.errors import DocumentsRefused, NotPossibleHere
from infra.model.release import Release
from infra.operate.release_diff import _as_markdown, release_diff
from infra.review.model import ReleaseChange
from infra.review.release_changes import release_changes
from tests.support.environments import RELEASE
from tests.support.stacks import copy_stacks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONE, OTHER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


def release_with(change: Callable[[dict[str, Any]], object]) -> Release:
    """Return the release after a change of its data."""
    data = deepcopy(RELEASE.model_dump(by_alias=True, mode="json"))
    change(data)
    return Release.model_validate(data)


def changes(change: Callable[[dict[str, Any]], object], before: Release = RELEASE) -> list[tuple[str, str, str]]:
    """Return what differs after a change of the release's data."""
    return [(each.name, each.old, each.new) for each in release_changes(before, release_with(change))]


def test_the_same_release_does_not_differ_and_its_own_version_is_no_difference() -> None:
    assert release_changes(RELEASE, RELEASE) == ()
    assert changes(lambda data: data.update(version="2030.1.0")) == []


@pytest.mark.parametrize(
    ("section", "name", "key", "value", "row"),
    [
        ("programs", "pulumi", "version", "3.1.0", ("programs.pulumi", "3.259.0", "3.1.0")),
        ("images", "etcd", "tag", "3.6.9-0", ("images.etcd", "3.6.8-0", "3.6.9-0")),
        ("images", "etcd", "inTemplate", False, ("images.etcd.inTemplate", "true", "false")),
        ("images", "etcd", "image", "r.example/etcd", ("images.etcd.image", "registry.k8s.io/etcd", "r.example/etcd")),
        ("charts", "dex", "version", "0.25.0", ("charts.dex", "0.24.0", "0.25.0")),
        ("charts", "dex", "digest", ONE, ("charts.dex.digest", "", ONE)),
        ("charts", "dex", "source", "oci://a.example", ("charts.dex.source", "https://charts.dexidp.io", "oci://a.example")),
        ("charts", "dex", "provides", {"services": {"dex": 1}}, None),
    ],
)  # fmt: skip
def test_every_kind_of_difference_is_named(
    section: str, name: str, key: str, value: Any, row: tuple[str, str, str] | None
) -> None:
    found = changes(lambda data: data[section][name].update({key: value}))
    assert (
        found == [row]
        if row
        else found
        == [
            ("charts.dex.provides.workloads.dex", "Deployment", ""),
            ("charts.dex.provides.services.dex", "5556", "1"),
        ]
    )


def test_kubernetes_driver_and_template_are_compared() -> None:
    def change(data: dict[str, Any]) -> None:
        data["kubernetes"]["version"] = "1.36.4"
        data["gpuDriver"]["version"] = "595.1.0"
        data["machineTemplate"]["programs"]["containerd"] = "2.2"

    assert changes(change) == [
        ("kubernetes", "1.36.3", "1.36.4"),
        ("gpuDriver", "580.65.06", "595.1.0"),
        ("machineTemplate.programs.containerd", "2.1", "2.2"),
    ]


def test_what_came_and_what_went_is_named_with_its_version_alone() -> None:
    def change(data: dict[str, Any]) -> None:
        data["charts"]["another"] = {**data["charts"].pop("dex"), "version": "1.0.0"}

    assert changes(change) == [("charts.another", "", "1.0.0"), ("charts.dex", "0.24.0", "")]


def test_another_digest_of_the_same_version_is_seen() -> None:
    before = release_with(lambda data: data["images"]["pause"].update(digest=ONE))
    found = changes(lambda data: data["images"]["pause"].update(digest=OTHER), before)
    assert found == [("images.pause.digest", ONE, OTHER)]


def test_sentences_about_a_source_and_addresses_made_of_the_version_are_no_difference() -> None:
    def change(data: dict[str, Any]) -> None:
        data["images"]["etcd"]["source"] = "somebody else says so"
        csi = data["manifests"]["vsphere-csi"]
        csi["source"] = csi["source"].replace(csi["version"], "3.9.0")
        csi["version"] = "3.9.0"

    assert changes(change) == [("manifests.vsphere-csi", "3.8.0", "3.9.0")]


def test_every_field_of_a_release_is_compared() -> None:
    """A field that is added to the model later is compared without anybody thinking of it, or this fails."""
    data = RELEASE.model_dump(by_alias=True, mode="json")
    told = {"version": "the release's own", "kubernetes.source": "words", "gpuDriver.source": "words"}
    for path in leaves(data):
        keys = path.split("/")
        name = ".".join(keys)
        words = keys[0] in ("programs", "images") and keys[-1] == "source"
        if name in told or words or isinstance(value_at(data, keys), list):
            continue
        old, new = RELEASE.model_copy(), object_with(data, keys)
        assert release_changes(old, new), name


def leaves(value: Any, path: str = "") -> list[str]:
    """Return the paths of all values of documents that are no mappings."""
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, f"{path}/{key}".lstrip("/"))]
    return [path]


def value_at(data: Any, keys: list[str]) -> Any:
    for key in keys:
        data = data[key]
    return data


def object_with(data: dict[str, Any], keys: list[str]) -> Release:
    """Return a release that differs at one place; not validated, for any value will do."""

    class Played:
        def model_dump(self, **_: object) -> dict[str, Any]:
            copy = deepcopy(data)
            value_at(copy, keys[:-1])[keys[-1]] = "other"
            return copy

    return Played()  # type: ignore[return-value]


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """Give a checkout with the release and an older one."""
    copy_stacks(tmp_path)
    folder = tmp_path / "stacks" / "releases"
    text = (folder / "2026.11.0.yaml").read_text(encoding="utf-8")
    for this, by in {
        "version: 2026.11.0\n": "version: 2020.1.0\n",
        "    version: 0.24.0\n": "    version: 0.23.0\n",
    }.items():
        assert this in text
        text = text.replace(this, by)
    (folder / "2020.1.0.yaml").write_text(text, encoding="utf-8")
    return Catalog(tmp_path)


def test_difference_as_table_markdown_and_json(catalog: Catalog) -> None:
    assert release_diff("2020.1.0", "2026.11.0", "table", catalog) == (
        "2020.1.0 to 2026.11.0: 1 difference\n"
        "what        2020.1.0  2026.11.0\n"
        "charts.dex  0.23.0    0.24.0\n"
    )  # fmt: skip
    assert release_diff("2020.1.0", "2026.11.0", "md", catalog) == (
        "2020.1.0 to 2026.11.0: 1 difference\n\n"
        "| what | 2020.1.0 | 2026.11.0 |\n| --- | --- | --- |\n| charts.dex | 0.23.0 | 0.24.0 |\n"
    )
    assert json.loads(release_diff("2020.1.0", "2026.11.0", "json", catalog)) == {
        "old": "2020.1.0",
        "new": "2026.11.0",
        "changes": [{"name": "charts.dex", "old": "0.23.0", "new": "0.24.0"}],
    }
    assert release_diff("2020.1.0", "2020.1.0", "table", catalog) == "2020.1.0 to 2020.1.0: nothing differs\n"


def test_table_says_what_came_went_and_is_not_pinned(catalog: Catalog) -> None:
    file = catalog.root / "stacks" / "releases" / "2020.1.0.yaml"
    text = file.read_text(encoding="utf-8").replace("    version: 0.23.0\n", "    version: 0.24.0\n")
    head, _, rest = text.partition("  dex:\n")
    pinned = rest.replace("    digest: null\n", f"    digest: {ONE}\n", 1)
    file.write_text(f"{head}  dex:\n{pinned}".replace("\n  zot:\n", "\n  znot:\n"), encoding="utf-8")
    lines = release_diff("2020.1.0", "2026.11.0", "table", Catalog(catalog.root)).splitlines()
    assert [line.split(None, 1) for line in lines[2:]] == [
        ["charts.dex.digest", "sha256:111111111111  not pinned"],
        ["charts.znot", "0.1.122              removed"],
        ["charts.zot", "-                    0.1.122 (added)"],
    ]


def test_another_form_and_a_release_that_is_none_are_refused(catalog: Catalog) -> None:
    with pytest.raises(NotPossibleHere) as form:
        release_diff("2020.1.0", "2026.11.0", "yaml", catalog)
    assert str(form.value) == "--format: yaml is no form of a difference; use table, md, json"
    with pytest.raises(DocumentsRefused, match="there is no such release"):
        release_diff("1999.1.0", "2026.11.0", "table", catalog)


def test_cells_of_markdown_stay_cells() -> None:
    text = _as_markdown(RELEASE, RELEASE, [ReleaseChange("charts.a", "1|2", "3")])
    assert text.splitlines()[-1] == "| charts.a | 1\\|2 | 3 |"
