"""Contract charts: what a release says that its charts bring, and real definitions of kinds where they are at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from infra.catalog import ROOT
from infra.charts.archive import tree_of
from infra.charts.bundle import BUNDLES_VARIABLE, Bundle
from infra.charts.record import Record, chart_folder, components_of, manifests_file
from infra.errors import NotPossibleHere
from infra.for_real import REHEARSAL_VARIABLE
from infra.model.charts import Definition, Workload
from rehearsal.contract.bundle import write_bundle, write_contract_bundle
from rehearsal.contract.objects import loose_definition, workload_objects
from rehearsal.contract.reference import VARIABLE, real_definition, reference_folder
from rehearsal.layout import Layout
from tests.conftest import ELSEWHERE
from tests.support.environments import RELEASE

if TYPE_CHECKING:
    from pathlib import Path

DEFINITIONS = [each for _, component in components_of(RELEASE) for each in component.provides.definitions]
ADDITIONS = ROOT / "rehearsal" / "contract" / "additions"


KINDS = ("DaemonSet", "Deployment", "StatefulSet")


@pytest.fixture
def _no_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/nonexistent")


@pytest.fixture
def _inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REHEARSAL_VARIABLE, "dev")
    monkeypatch.setenv(BUNDLES_VARIABLE, "contracts")


@pytest.mark.usefixtures("_inside", "_no_reference")
def test_bundle_of_contracts_serves_a_rehearsal_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "contracts" / RELEASE.version
    write_contract_bundle(RELEASE, folder)
    bundle = Bundle.of(tmp_path, RELEASE)
    assert (bundle.check(RELEASE), bundle.kind) == ([], "contract")
    assert str(bundle.chart("cilium")) == f"contracts/{RELEASE.version}/charts/cilium"
    monkeypatch.delenv(REHEARSAL_VARIABLE)
    (tmp_path / "bundles").mkdir()
    folder.rename(tmp_path / "bundles" / RELEASE.version)
    with pytest.raises(NotPossibleHere, match="stands in for the charts in a rehearsal, and is none of them"):
        _ = Bundle.of(tmp_path, RELEASE).kind


@pytest.mark.usefixtures("_no_reference")
def test_every_chart_has_what_the_release_says(tmp_path: Path) -> None:
    write_contract_bundle(RELEASE, tmp_path / "bundle")
    for name, chart in RELEASE.charts.items():
        folder = chart_folder(tmp_path / "bundle", name)
        about = yaml.safe_load((folder / "Chart.yaml").read_text(encoding="utf-8"))
        assert (about["name"], about["version"]) == (chart.chart, chart.version)
        crds = {file.removeprefix("crds/") for file in tree_of(folder) if file.startswith("crds/")}
        assert crds == {f"{each.name}.yaml" for each in chart.provides.definitions}
        objects = list(yaml.safe_load_all((folder / "templates" / "workloads.yaml").read_text(encoding="utf-8")))
        workloads = {(o["kind"], o["metadata"]["name"]) for o in objects if o["kind"] in KINDS}
        assert workloads == {(each.kind, each.name) for each in chart.provides.workloads}
        services = {o["metadata"]["name"]: o["spec"]["ports"][0]["port"] for o in objects if o["kind"] == "Service"}
        assert services == chart.provides.services
    for name, manifests in RELEASE.manifests.items():
        text = manifests_file(tmp_path / "bundle", name).read_text(encoding="utf-8")
        places = {o["metadata"].get("namespace") for o in yaml.safe_load_all(text) if o["kind"] == "DaemonSet"}
        assert places == {manifests.namespace}


def test_a_bundle_that_is_at_hand_is_taken_instead(tmp_path: Path) -> None:
    layout = Layout("dev", tmp_path)
    (tmp_path / "bundles" / RELEASE.version).mkdir(parents=True)
    write_bundle(layout, [RELEASE])
    assert not layout.bundles.exists()


def test_environments_of_several_releases_have_a_bundle_each(tmp_path: Path) -> None:
    other = RELEASE.model_copy(update={"version": "2026.12.0"})
    layout = Layout("dev+other", tmp_path)
    write_bundle(layout, [RELEASE, other, RELEASE])
    assert {folder.name for folder in layout.bundles.iterdir()} == {"2026.11.0", "2026.12.0"}
    record = Record.read(layout.bundles / "2026.12.0")
    assert record is not None
    assert record.release == "2026.12.0"


def test_a_loose_definition_takes_anything_and_says_that_nobody_approved_it() -> None:
    own = loose_definition(Definition(kind="Thing", name="things.example.com", version="v1", scope="Cluster"))
    assert own["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["x-kubernetes-preserve-unknown-fields"] is True
    assert "annotations" not in own["metadata"]
    protected = loose_definition(Definition(kind="Gateway", name="gateways.gateway.networking.k8s.io", version="v1"))
    assert set(protected["metadata"]["annotations"]) == {"api-approved.kubernetes.io"}


def test_workloads_stand_where_the_release_says() -> None:
    def pod(workload: Workload) -> dict[str, Any]:
        found: dict[str, Any] = workload_objects(workload, "space", "1")[-1]["spec"]["template"]["spec"]
        return found

    everywhere = pod(Workload.model_validate({"kind": "DaemonSet", "name": "agent", "everyNode": True}))
    assert (everywhere["tolerations"], everywhere["hostNetwork"]) == ([{"operator": "Exists"}], True)
    controller = pod(Workload.model_validate({"kind": "Deployment", "name": "controller", "controlPlane": True}))
    assert controller["nodeSelector"] == {"node-role.kubernetes.io/control-plane": ""}
    assert controller["tolerations"] == [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]
    assert pod(Workload(kind="Deployment", name="plain"))["tolerations"] == []


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda each: each.kind)
def test_what_the_release_says_of_kinds_is_what_their_real_definitions_say(definition: Definition) -> None:
    if reference_folder("crds") is None:
        pytest.skip(f"{ELSEWHERE}{VARIABLE} names no folder with real definitions of kinds")
    file = real_definition(definition.name)
    assert file is not None
    spec = yaml.safe_load(file.read_text(encoding="utf-8"))["spec"]
    assert (spec["names"]["kind"], spec["scope"]) == (definition.kind, definition.scope)
    assert definition.version in {version["name"] for version in spec["versions"] if version["served"]}


@pytest.mark.parametrize("file", sorted(ADDITIONS.iterdir()), ids=lambda file: file.stem)
def test_additions_belong_to_charts_of_the_release(file: Path) -> None:
    assert file.stem in RELEASE.charts
