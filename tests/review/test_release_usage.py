"""Everything that a release pins is asked for, and everything that is asked for is pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.catalog import Catalog
from infra.model.tools import all_tools
from infra.review.release_usage import asked_of, usage_findings
from tests.support.environments import CATALOG, PROD, RELEASE

if TYPE_CHECKING:
    from infra.model.release import Release

EVERYBODY = [CATALOG.load(name)[0] for name in CATALOG.environment_names()]

NO_TOOLS = {"platform": type(PROD.platform)(), "toolchain": type(PROD.toolchain)()}


def without(section: str, name: str) -> Release:
    """Return the release without one thing that it pins."""
    group: dict[str, Any] = getattr(RELEASE, section)
    assert name in group
    return RELEASE.model_copy(update={section: {key: each for key, each in group.items() if key != name}})


def beside(section: str, name: str, like: str) -> Release:
    """Return the release with one more thing that it pins."""
    group: dict[str, Any] = getattr(RELEASE, section)
    return RELEASE.model_copy(update={section: {**group, name: group[like]}})


@pytest.mark.parametrize("version", Catalog().release_versions())
def test_releases_here_have_all_that_is_asked_for_and_nothing_else(version: str) -> None:
    assert usage_findings(CATALOG.load_release(version), EVERYBODY, []) == []


def test_who_asks_for_what_is_known_by_environment() -> None:
    asked = asked_of(RELEASE, EVERYBODY)
    assert asked["charts.cilium"] == asked["images.kube-vip"] == ["dev", "prod", "staging"]
    assert set(asked["charts.harbor"]) <= {"dev", "prod", "staging"}
    assert "charts.harbor" not in asked_of(RELEASE, [PROD.model_copy(update=NO_TOOLS)])


@pytest.mark.parametrize(
    ("section", "name"),
    [("charts", "cilium"), ("manifests", "vsphere-csi"), ("images", "kube-vip"), ("images", "python")],
)
def test_what_an_environment_asks_for_and_nobody_pins_is_wrong(section: str, name: str) -> None:
    (finding,) = usage_findings(without(section, name), [PROD], [])
    assert (finding.severity, finding.path, finding.reason) == (
        "wrong",
        f"{section}.{name}",
        "is not pinned, and asked for by prod",
    )


def test_what_only_environments_of_other_releases_ask_for_is_a_warning() -> None:
    (finding,) = usage_findings(without("charts", "cilium"), [], EVERYBODY)
    assert (finding.severity, finding.reason) == (
        "warning",
        "is not pinned: this release is none for dev, prod, staging",
    )


def test_a_tool_that_could_be_chosen_and_is_not_pinned_is_a_warning() -> None:
    (finding,) = [each for each in usage_findings(without("charts", "zot"), [], []) if each.path == "charts.zot"]
    assert finding.severity == "warning"
    assert finding.reason == "is not pinned: this release is none for platform.registry"


@pytest.mark.parametrize(("section", "like"), [("charts", "dex"), ("manifests", "vsphere-csi")])
def test_what_is_pinned_and_nobody_asks_for_is_a_warning(section: str, like: str) -> None:
    (finding,) = usage_findings(beside(section, "stray", like), EVERYBODY, [])
    assert (finding.severity, finding.path, finding.fix) == (
        "warning",
        f"{section}.stray",
        "remove it from the release",
    )


def test_images_that_nobody_asks_for_are_one_warning_with_the_tools_that_they_may_be_for() -> None:
    (finding,) = usage_findings(beside("images", "stray", "pause"), EVERYBODY, [])
    assert (finding.severity, finding.path) == ("warning", "images")
    assert finding.reason == "no environment here asks for stray; tools that none of them has: zot"
    nothing = [environment.model_copy(update=NO_TOOLS) for environment in EVERYBODY]
    (finding,) = [each for each in usage_findings(RELEASE, nothing, []) if each.path == "images"]
    assert "postgresql" in finding.reason
    assert "Harbor, zot, Gitea" in finding.reason


def test_every_tool_with_a_chart_counts_as_asked_for() -> None:
    """What nobody here has chosen is still no stray: a document could."""
    paths = {each.path for each in usage_findings(RELEASE, [], [])}
    assert not paths & {f"charts.{name}" for name, tool in all_tools().items() if tool.chart}
