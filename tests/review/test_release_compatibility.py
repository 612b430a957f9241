"""What goes together in a release: the table of facts, held against charts and kubeadm; and what is found with it."""

from __future__ import annotations

import subprocess
from copy import deepcopy
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from infra.catalog import ROOT, Catalog
from infra.model.release import Release
from infra.review.compatibility import ReleaseFinding, compatibility_findings, kubernetes_step, pins_of
from infra.review.facts import FILE, Facts, known_facts
from infra.review.version_ranges import fits
from rehearsal.contract.reference import VARIABLE, reference_folder
from tests.conftest import ELSEWHERE
from tests.support.environments import RELEASE

KUBEADM = ROOT / ".tools" / "bin" / "kubeadm"
NOT_INSTALLED = ("kube-proxy",)  # of kubeadm's list: Cilium stands in for it
VERSIONS = Catalog().release_versions()


def release_with(**versions: str) -> Release:
    """Return the release with other versions: `charts__dex="1.0"`, `kubernetes="1.37.0"`."""
    data = deepcopy(RELEASE.model_dump(by_alias=True, mode="json"))
    for path, version in versions.items():
        section, _, name = path.partition("__")
        place = data[section][name.replace("_", "-")] if name else data[section]
        place["tag" if section == "images" else "version"] = version
    return Release.model_validate(data)


def found(release: Release, path: str) -> list[tuple[str, str]]:
    """Return what is found of one pin: severity and reason."""
    return [(each.severity, each.reason) for each in compatibility_findings(release) if each.path == path]


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_wrong_with_the_releases_here(version: str) -> None:
    findings = compatibility_findings(Catalog().load_release(version))
    assert [each for each in findings if each.severity == "wrong"] == []


def test_every_row_is_about_something_that_is_pinned() -> None:
    pins = {path for version in VERSIONS for path in pins_of(Catalog().load_release(version))}
    rows = known_facts().all_pairs()
    assert {each.pin for each in rows} | {each.beside for each in rows} <= pins
    assert {f"images.{name}" for name in known_facts().control_plane_images()} <= pins


def charts_at_hand() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the Chart.yaml of the charts that this machine has, by chart and version."""
    folder = reference_folder("charts")
    if folder is None:
        pytest.skip(f"{ELSEWHERE}no charts are at hand: {VARIABLE} names none")
    files = sorted(folder.glob("*/*/Chart.yaml"))
    return {(file.parts[-3], file.parts[-2]): yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}


def test_what_charts_ask_of_kubernetes_is_what_they_say() -> None:
    """Every chart that is at hand in a pinned version, and says so: has a row, and it is word for word."""
    at_hand = charts_at_hand()
    compared = 0
    for component, chart in RELEASE.charts.items():
        said = at_hand.get((chart.chart, chart.version), {}).get("kubeVersion")
        rows = [row for row in known_facts().kube_versions if row.chart == component]
        about = [row.kubernetes for row in rows if any(fits(chart.version, each) for each in row.versions)]
        if (chart.chart, chart.version) in at_hand:
            assert about == ([said] if said else []), component
            compared += bool(said)
    assert compared > 8


def test_programs_of_charts_are_what_they_say() -> None:
    at_hand = charts_at_hand()
    compared = set()
    for row in known_facts().app_versions:
        chart = RELEASE.charts[row.chart]
        if any(fits(chart.version, each) for each in row.versions):
            said = at_hand[chart.chart, chart.version]["appVersion"]
            assert row.tag == said, row.chart
            compared.add(row.chart)
    assert compared == {row.chart for row in known_facts().app_versions}


@pytest.mark.long  # kubeadm is built by `make tools-all`
@pytest.mark.parametrize("row", known_facts().kubeadm, ids=lambda row: row.kubernetes)
def test_images_of_a_control_plane_are_those_of_kubeadm(row: Any) -> None:
    command = [str(KUBEADM), "config", "images", "list", "--kubernetes-version", f"v{row.kubernetes}"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    said = {image.rpartition("/")[2].partition(":")[0]: image.rpartition(":")[2] for image in listed}
    assert row.images == {name: tag for name, tag in said.items() if name not in NOT_INSTALLED}


def test_a_chart_that_does_not_take_this_kubernetes_is_wrong() -> None:
    release = release_with(kubernetes="1.37.1")
    assert found(release, "charts.vsphere-cpi") == [
        (
            "wrong",
            (
                "does not go together with kubernetes 1.37.1, only with 1.36.* (source: cloud-provider-vsphere, "
                'README, "Compatibility with Kubernetes" (only guaranteed for its own minor))'
            ),
        )
    ]
    severity, reason = found(release, "manifests.vsphere-csi")[0]
    assert severity == "warning"
    assert reason.startswith("is not known to go together with kubernetes 1.37.1, only with >=1.34,<1.37 (source: ")


def test_kubernetes_older_than_a_chart_asks_for_is_wrong() -> None:
    reasons = found(release_with(kubernetes="1.27.0"), "charts.jupyterhub")
    assert reasons == [
        (
            "wrong",
            (
                "does not go together with kubernetes 1.27.0, only with >=1.28.0 "
                "(source: Chart.yaml of zero-to-jupyterhub 4.4.0)"
            ),
        )
    ]


def test_a_version_that_nobody_has_looked_up_is_not_known() -> None:
    (finding,) = [
        each for each in compatibility_findings(release_with(charts__dex="9.9.9")) if each.path == "charts.dex"
    ]
    assert finding == ReleaseFinding(
        "warning",
        "charts.dex",
        "9.9.9",
        "is not known to go together with kubernetes 1.36.3: nobody has looked this version up",
        "look it up, and add a row with its source to infra/review/compatibility.yaml",
    )


def test_gpu_driver_older_than_an_image_needs_is_wrong() -> None:
    release = release_with(gpuDriver="570.1.1")
    assert [found(release, f"images.{name}")[0][0] for name in ("vllm", "notebook-gpu", "torch")] == ["wrong"] * 3
    assert found(release, "charts.gpu-operator")[0][0] == "warning"
    assert found(release_with(gpuDriver="620.1.1"), "images.vllm") == []


def test_gpu_driver_of_an_unknown_branch_is_not_known() -> None:
    assert ("gpuDriver", "warning") in {
        (each.path, each.severity) for each in compatibility_findings(release_with(gpuDriver="999.1.1"))
    }
    assert found(RELEASE, "gpuDriver") == []


def test_control_plane_images_are_those_of_kubeadm_or_wrong() -> None:
    reasons = found(release_with(images__etcd="3.6.9-0", images__kube_apiserver="v1.36.2"), "images.etcd")
    assert reasons == [
        (
            "wrong",
            (
                "is not what kubeadm makes a control plane of Kubernetes 1.36.3 of, 3.6.8-0 "
                "(source: kubeadm 1.36.3, config images list)"
            ),
        )
    ]
    images = {name: image for name, image in RELEASE.images.items() if name != "pause"}
    without = RELEASE.model_copy(update={"images": images})
    assert found(without, "images.pause")[0][1].startswith("is missing, and kubeadm makes a control plane of ")


def test_control_plane_of_a_kubernetes_without_a_list_still_has_one_version() -> None:
    release = release_with(kubernetes="1.36.9")
    assert found(release, "kubernetes") == [("warning", "is not known by the images of its control plane")]
    assert [each.path for each in compatibility_findings(release) if each.severity == "wrong"] == [
        "images.kube-apiserver",
        "images.kube-controller-manager",
        "images.kube-scheduler",
    ]


def test_charts_that_belong_together_have_one_version() -> None:
    release = release_with(charts__kserve_crd="v0.19.0")
    assert found(release, "charts.kserve")[0][0] == "wrong"
    assert found(release_with(images__argo_executor="v4.0.5"), "charts.argo-workflows")[-1][0] == "wrong"
    assert found(release_with(images__seaweedfs="4.40"), "charts.seaweedfs")[0][0] == "warning"


@pytest.mark.parametrize(
    ("old", "new", "possible"),
    [
        ("1.36.3", "1.36.9", True),
        ("1.36.3", "1.37.0", True),
        ("1.36.3", "1.35.9", True),
        ("1.36.3", "1.38.0", False),
        ("1.36.3", "1.34.0", False),
        ("1.36.3", "2.36.3", False),
    ],
)
def test_kubernetes_goes_one_minor_at_a_time(old: str, new: str, *, possible: bool) -> None:
    reason = kubernetes_step(release_with(kubernetes=old), release_with(kubernetes=new))
    assert (reason is None) is possible
    assert possible or str(reason).startswith(
        f"Kubernetes {old} to {new} is more than 1 minor at a time (kubernetes.io/"
    )


@pytest.mark.parametrize(
    "change",
    [{"versions": []}, {"versions": [">=x"]}, {"goes": ["<1.x"]}, {"otherwise": "bad"}, {"source": " "}, {"why": "x"}],
    ids=["no versions", "bounds that are none", "the same beside", "unknown otherwise", "no source", "unknown key"],
)
def test_rows_of_the_table_are_checked(change: dict[str, Any]) -> None:
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    Facts.model_validate(data)
    data["together"][0] |= change
    with pytest.raises(ValidationError):
        Facts.model_validate(data)
