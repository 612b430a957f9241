"""`slipway bundle`: everything of a release in one folder, with the list of every image that runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import yaml

from infra.catalog import ROOT, Catalog
from infra.charts.bundle import Bundle
from infra.charts.rendering import ChartToRender, known_kinds, render_charts
from infra.errors import MissingProgram, NotPossibleHere, StepFailed
from infra.operate.bundle import make_bundle
from tests.charts.releases import VERSION, publish_release
from tests.support.environments import RELEASE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.charts.publishers import Publisher

PROGRAMS = ROOT / ".tools" / "bin"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: played, namespace: {{ .Release.Namespace }}}
spec:
  selector: {matchLabels: {app: played}}
  template:
    metadata: {labels: {app: played}}
    spec:
      initContainers: [{name: first, image: "ADDRESS/first:1"}]
      containers: [{name: second, image: "{{ .Values.image | default "ADDRESS/second:2" }}"}]
"""
HOOK = """\
apiVersion: batch/v1
kind: Job
metadata: {name: hook, annotations: {helm.sh/hook: pre-install}}
spec: {template: {spec: {containers: [{name: hook, image: "ADDRESS/hook:1"}]}}}
"""
ASKING = """\
{{- if .Capabilities.APIVersions.Has "cert-manager.io/v1/ClusterIssuer" }}
apiVersion: v1
kind: ConfigMap
metadata: {name: "kubernetes-{{ .Capabilities.KubeVersion.Version }}"}
{{- end }}
{{- if .Capabilities.APIVersions.Has "example.com/v1/Unknown" }}
{{ fail "a kind that no component brings" }}
{{- end }}
"""


@pytest.fixture
def _renderer(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine and its Kubernetes plugin, which this machine has built or downloaded."""
    plugin = "pulumi-resource-kubernetes"
    assert (PROGRAMS / plugin).exists(), f".tools/bin/{plugin} is missing: python -m tools.install {plugin}"
    monkeypatch.setenv("PATH", f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path_factory.mktemp("pulumi")))


def played_chart(folder: Path, templates: dict[str, str]) -> Path:
    """Write a chart that is not packed."""
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: played\nversion: 1.0.0\n", encoding="utf-8")
    for name, text in templates.items():
        (folder / "templates" / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.usefixtures("_renderer")
def test_bundle_lists_every_image_with_its_digest(catalog: Catalog, publisher: Publisher, trusted: Publisher) -> None:
    hook = HOOK.replace("ADDRESS", publisher.address)
    deployment = DEPLOYMENT.replace("ADDRESS", publisher.address)
    publish_release(catalog.root, publisher, trusted, {"templates/a.yaml": deployment, "templates/b.yaml": hook})
    pod = (
        f"kind: Pod\nspec: {{containers: [{{image: '{publisher.address}/first:1'}}, {{image: csi@sha256:{'5' * 64}}}]}}"
    )
    trusted.files["/vsphere-csi.yaml"] = pod.encode()
    digests = {f"{name}:{tag}": publisher.image(name, tag) for name, tag in (("first", "1"), ("second", "2"))}
    digests |= {"hook:1": publisher.image("hook", "1"), "own:3": publisher.image("own", "3")}
    charts = sorted(f"charts.{name}" for name in RELEASE.charts)
    values = {"dex": {"image": f"{publisher.address}/own:3"}}
    said = list(make_bundle(VERSION, catalog=catalog, values=values))
    count = len(RELEASE.images) + 5
    assert said[-1] == f"bundles/{VERSION}: {len(charts)} charts, 1 manifests files, {count} images in images.yaml"
    text = (catalog.root / "bundles" / VERSION / "images.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"# Images that release {VERSION}, the objects of its charts and its manifests name")
    assert "Not among them: what operators start by themselves" in text
    listed = {each["image"].removeprefix(f"{publisher.address}/"): each for each in yaml.safe_load(text)}
    assert len(listed) == count
    assert list(listed["first:1"]) == ["image", "digest", "used_by"]
    assert {name: listed[name]["digest"] for name in digests} == digests
    assert listed["first:1"]["used_by"] == [*charts, "manifests.vsphere-csi"]
    assert listed["second:2"]["used_by"] == [name for name in charts if name != "charts.dex"]
    assert listed["own:3"]["used_by"] == ["charts.dex"]
    assert listed["etcd:3.6.8-0"]["used_by"] == ["images.etcd"]
    assert listed[f"docker.io/library/csi@sha256:{'5' * 64}"]["digest"] == f"sha256:{'5' * 64}"
    release = Catalog(catalog.root).load_release(VERSION)
    assert Bundle.of(catalog.root, release).check(release) == []


@pytest.mark.usefixtures("_renderer")
def test_image_without_a_digest_is_said_and_no_half_list_is_written(
    catalog: Catalog, publisher: Publisher, trusted: Publisher
) -> None:
    publish_release(catalog.root, publisher, trusted)
    del publisher.manifests["etcd:3.6.8-0"]
    del publisher.manifests["pause:3.10.2"]
    with pytest.raises(StepFailed) as failed:
        list(make_bundle(VERSION, catalog=catalog))
    assert str(failed.value) == (
        f"bundle {VERSION}: {publisher.address}/etcd:3.6.8-0 (images.etcd): its registry does not have it\n"
        f"{publisher.address}/pause:3.10.2 (images.pause): its registry does not have it\n"
        "run this where there is internet; images.yaml is written when the digests of all images are known"
    )
    assert not (catalog.root / "bundles" / VERSION / "images.yaml").exists()


def test_mirror_that_is_no_address_is_refused(catalog: Catalog) -> None:
    with pytest.raises(NotPossibleHere) as refused:
        list(make_bundle(VERSION, "mirror.example.com", catalog))
    wanted = "--mirror: mirror.example.com is not the address of a mirror; begin it with oci:// or https://"
    assert str(refused.value) == wanted


@pytest.mark.usefixtures("_renderer")
def test_chart_sees_the_kubernetes_and_the_kinds_of_its_release(tmp_path: Path) -> None:
    chart = ChartToRender(played_chart(tmp_path / "played", {"a.yaml": ASKING, "b.yaml": HOOK}), {})
    objects = render_charts({"charts.played": chart}, RELEASE)["charts.played"]
    names = {each["metadata"]["name"] for each in objects}
    assert names == {f"kubernetes-v{RELEASE.kubernetes.version}", "hook"}
    assert {"cert-manager.io/v1", "cert-manager.io/v1/ClusterIssuer"} <= set(known_kinds(RELEASE))


@pytest.mark.usefixtures("_renderer")
def test_chart_that_can_not_be_rendered_is_said_in_helms_words(tmp_path: Path) -> None:
    chart = ChartToRender(played_chart(tmp_path / "played", {"a.yaml": '{{ required "name it" .Values.name }}'}), {})
    with pytest.raises(StepFailed) as failed:
        render_charts({"charts.played": chart}, RELEASE)
    said = "charts.played: rendering it: execution error at (played/templates/a.yaml:1:3): name it"
    assert str(failed.value) == said


def test_engine_without_the_plugin_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi").symlink_to(PROGRAMS / "pulumi")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.defpath}")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
    with pytest.raises(MissingProgram) as missing:
        render_charts({"charts.played": ChartToRender(played_chart(tmp_path / "played", {}), {})}, RELEASE)
    assert str(missing.value) == (
        "Pulumi's Kubernetes plugin 4.34.2: not found; run where there is internet: "
        "pulumi plugin install resource kubernetes 4.34.2"
    )
