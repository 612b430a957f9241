"""Pinning a release: digests computed from what a registry hands out, and a release that is frozen stays as it is."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from infra.catalog import Catalog
from infra.charts.archive import sha256_of
from infra.charts.not_available import NotAvailable
from infra.charts.registry import image_digest
from infra.errors import NotPossibleHere, StepFailed
from infra.operate.documents import validate_all
from infra.operate.release import pin_release, recipe
from tests.charts.publishers import OBJECTS, Publisher, packed_chart
from tests.charts.releases import publish_release
from tests.support.environments import RELEASE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DIGEST = "sha256:" + "4" * 64


def test_digest_is_computed_from_the_manifest(publisher: Publisher) -> None:
    digest = publisher.image("kube/pause", "3.10")
    assert image_digest(f"{publisher.address}/kube/pause", "3.10") == digest


def test_image_that_is_not_to_be_had_is_not_available(publisher: Publisher) -> None:
    with pytest.raises(NotAvailable) as missing:
        image_digest(f"{publisher.address}/kube/missing", "1")
    assert str(missing.value) == "its registry does not have it"
    digest = publisher.image("kube/lying", "1")
    publisher.lying.add("kube/lying:1")
    with pytest.raises(NotAvailable) as lying:
        image_digest(f"{publisher.address}/kube/lying", "1")
    assert str(lying.value) == f"its registry says sha256:{'0' * 64}, and what it sends is {digest}"


def test_registry_that_is_away_is_said() -> None:
    with pytest.raises(NotAvailable) as away:
        image_digest("127.0.0.1:1/kube/pause", "1")
    assert str(away.value) == "its registry does not answer ([Errno 111] Connection refused)"


def test_pinning_writes_every_digest_and_nothing_else(
    catalog: Catalog, publisher: Publisher, trusted: Publisher
) -> None:
    file = publish_release(catalog.root, publisher, trusted)
    before = file.read_text(encoding="utf-8")
    said = list(pin_release("2026.11.0", catalog))
    dex = packed_chart("dex", RELEASE.charts["dex"].version)
    assert f"images.etcd: {publisher.address}/etcd:3.6.8-0 is {publisher.image('etcd', '3.6.8-0')}" in said
    assert f"charts.dex: chart dex 0.24.0 of {publisher.url}/charts is {sha256_of(dex)}" in said
    assert f"manifests.vsphere-csi: {trusted.url}/vsphere-csi.yaml is {sha256_of(OBJECTS)}" in said
    after = file.read_text(encoding="utf-8")
    assert re.sub("digest: sha256:[0-9a-f]{64}", "digest: null", after) == before
    assert Catalog(catalog.root).load_release("2026.11.0").unpinned() == []
    assert list(pin_release("2026.11.0", Catalog(catalog.root))) == ["2026.11.0: everything in it has its digest"]


def test_what_could_be_pinned_is_written_when_something_is_missing(
    catalog: Catalog, publisher: Publisher, trusted: Publisher
) -> None:
    publish_release(catalog.root, publisher, trusted)
    del publisher.manifests["pause:3.10.2"]
    trusted.files.clear()
    del publisher.files["/charts/dex-0.24.0.tgz"]
    with pytest.raises(StepFailed) as failed:
        list(pin_release("2026.11.0", catalog))
    parts = len(RELEASE.images) + len(RELEASE.charts) + len(RELEASE.manifests)
    assert str(failed.value) == (
        f"release 2026.11.0: images.pause: {publisher.address}/pause:3.10.2: its registry does not have it\n"
        f"charts.dex: chart dex 0.24.0 of {publisher.url}/charts: its repository does not have it\n"
        f"manifests.vsphere-csi: {trusted.url}/vsphere-csi.yaml: its publisher does not have it\n"
        f"run this where there is internet; {parts - 3} of {parts} are written"
    )
    left = ["images.pause", "charts.dex", "manifests.vsphere-csi"]
    assert Catalog(catalog.root).load_release("2026.11.0").unpinned() == left


def git(folder: Path, *arguments: str) -> None:
    names = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    subprocess.run(["git", "-C", str(folder), *names, *arguments], check=True, capture_output=True)


def test_tagged_release_is_frozen(catalog: Catalog, publisher: Publisher, trusted: Publisher) -> None:
    git(catalog.root, "init", "--quiet")
    git(catalog.root, "add", ".")
    git(catalog.root, "commit", "--quiet", "--message", "first")
    assert any("dev: valid" in line for line in validate_all(["dev"], catalog))
    git(catalog.root, "tag", "v1")
    assert any("dev: valid" in line for line in validate_all(["dev"], catalog))
    file = publish_release(catalog.root, publisher, trusted)
    with pytest.raises(NotPossibleHere) as refused:
        list(pin_release("2026.11.0", Catalog(catalog.root)))
    assert str(refused.value) == (
        "stacks/releases/2026.11.0.yaml: frozen since tag v1; make the next release: copy its file to a new version "
        "and pin that"
    )
    with pytest.raises(Exception, match="has changed since tag v1 froze it; bring it back"):
        list(validate_all(["dev"], Catalog(catalog.root)))
    file.unlink()


def test_recipe_of_the_machine_template(golden: Callable[[str, str], None], tmp_path: Path) -> None:
    text = recipe(RELEASE)
    golden("machine/build-template.sh", text)
    script = tmp_path / "build-template.sh"
    script.write_text(text, encoding="utf-8")
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_recipe_takes_images_by_their_digests_where_they_are_known() -> None:
    pause = RELEASE.images["pause"].model_copy(update={"digest": DIGEST})
    text = recipe(RELEASE.model_copy(update={"images": {"pause": pause}}))
    assert f"images pull registry.k8s.io/pause@{DIGEST} > /dev/null\n" in text
    assert f"images tag --force registry.k8s.io/pause@{DIGEST} registry.k8s.io/pause:3.10.2\n" in text


def test_driver_in_the_template_is_asked_for_where_the_release_wants_it() -> None:
    template = RELEASE.machine_template.model_copy(update={"driver_strategy": "template"})
    text = recipe(RELEASE.model_copy(update={"machine_template": template}))
    assert "install the driver of your licence first" in text
