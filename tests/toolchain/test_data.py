"""Data in versions: a repository for each team, and who gets the key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from infra.toolchain.data import lakefs, repository
from tests.support.environments import CATALOG, PROD, changed

if TYPE_CHECKING:
    from infra.components.component import Component, Manifest
    from infra.model.environment import Environment

DEV, RELEASE = CATALOG.load("dev")


def desired(component: Component) -> dict[str, object]:
    (found,) = [each["data"]["desired.json"] for each in component.after if each["kind"] == "ConfigMap"]
    return dict(json.loads(found))


def kinds(manifests: tuple[Manifest, ...]) -> list[str]:
    return [each["kind"] for each in manifests]


def test_every_team_has_a_repository_whose_main_branch_takes_merges_alone() -> None:
    def wanted(name: str) -> dict[str, object]:
        place = {"name": name, "storage_namespace": f"s3://lakefs/{name}"}
        return {**place, "default_branch": "main", "protected_branches": ["main"]}

    assert desired(lakefs(PROD, RELEASE))["repositories"] == [wanted("research"), wanted("serving")]


@pytest.mark.parametrize(("team", "name"), [("research", "research"), ("nlp", "nlp"), ("ml", "ml-data")])
def test_the_name_of_a_repository_is_one_that_lakefs_takes(team: str, name: str) -> None:
    assert repository(team) == name


@pytest.mark.parametrize(
    ("environment", "spaces"),
    [
        (PROD, ["builds", "notebooks", "research", "serving"]),
        (changed(PROD, {"toolchain.pipelines": None}), ["notebooks", "research", "serving"]),
    ],
)
def test_the_access_key_is_where_teams_and_pipelines_work_and_nowhere_else(
    environment: Environment, spaces: list[str]
) -> None:
    secrets = lakefs(environment, RELEASE).secrets
    assert [each.namespace for each in secrets if each.name == "lakefs"] == spaces
    assert [each.name for each in secrets if each.namespace == ""] == [
        "lakefs-database",
        "lakefs-buckets",
        "lakefs-setup",
    ]


def test_the_first_administrator_has_the_key_that_programs_log_in_with() -> None:
    secrets = {
        each.name: each.fill({name: f"<{name}>" for name in each.sources}) for each in lakefs(DEV, RELEASE).secrets
    }
    setup, access = secrets["lakefs-setup"], secrets["lakefs"]
    assert setup["SETUP_USER"] == access["LAKECTL_CREDENTIALS_ACCESS_KEY_ID"]
    assert setup["SETUP_PASSWORD"] == access["LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY"]
    assert setup["SETUP_PASSWORD"].startswith("<made:")
    assert 3 <= len(setup["SETUP_USER"]) <= 20  # as the S3 of lakeFS reads signatures


def test_nothing_is_told_to_its_makers() -> None:
    config = yaml.safe_load(lakefs(DEV, RELEASE).values["lakefsConfig"])
    assert config["stats"] == config["email_subscription"] == {"enabled": False}
    assert config["security"] == {"check_latest_version": False, "audit_check_url": ""}


def test_there_are_two_where_the_databases_outlive_a_node() -> None:
    one, two = lakefs(DEV, RELEASE), lakefs(PROD, RELEASE)
    assert (one.values["replicaCount"], kinds(one.before)) == (1, [])
    assert (two.values["replicaCount"], kinds(two.before)) == (2, ["PodDisruptionBudget"])


def test_without_monitoring_there_is_no_monitor() -> None:
    assert "ServiceMonitor" in kinds(lakefs(DEV, RELEASE).after)
    assert "ServiceMonitor" not in kinds(lakefs(changed(DEV, {"platform.monitoring": None}), RELEASE).after)
