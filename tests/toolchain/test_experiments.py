"""MLflow: the names it answers to, and what its containers log in with."""

from __future__ import annotations

import json
from fnmatch import fnmatch

import pytest

from infra.toolchain.experiments import mlflow
from tests.support.environments import CATALOG, PROD, changed

DEV, RELEASE = CATALOG.load("dev")


def is_let_in(host: str, allowed: list[str]) -> bool:
    """As MLflow decides: names with a star are patterns, others are compared."""
    return any(fnmatch(host, each) if "*" in each else host == each for each in allowed)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("experiments.apps.dev.example.internal", True),  # people
        ("mlflow.mlflow.svc.cluster.local", True),  # programs
        ("10.244.3.17:5000", True),  # Prometheus, which calls pods by their address
        ("attacker.example.com", False),
        ("experiments.apps.dev.example.internal.attacker.example.com", False),
    ],
)
def test_it_answers_to_its_own_names_alone(host: str, *, expected: bool) -> None:
    assert is_let_in(host, mlflow(DEV, RELEASE).values["serverAllowedHosts"]) is expected


def test_without_sign_in_it_is_reached_from_inside_alone() -> None:
    values = mlflow(changed(DEV, {"cluster.signIn": None}), RELEASE).values
    assert values["corsAllowedOrigins"] == []
    assert not is_let_in("experiments.apps.dev.example.internal", values["serverAllowedHosts"])


def test_the_secret_that_the_chart_makes_of_chance_is_ours_and_asks_for_an_encrypted_database() -> None:
    secrets = {
        each.name: each.fill({name: f"<{name}>" for name in each.sources}) for each in mlflow(DEV, RELEASE).secrets
    }
    assert secrets["mlflow-flask-server-secret-key"] == {
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "<hex:mlflow-session>",
        "PGSSLMODE": "require",
    }


def test_only_mlflow_has_the_key_of_its_bucket_and_artefacts_go_through_it() -> None:
    component = mlflow(DEV, RELEASE)
    assert {each.namespace for each in component.secrets} == {""}
    assert component.values["artifactRoot"]["proxiedArtifactStorage"] is True
    assert "password" not in json.dumps(component.values).replace('"passwordKey": "password"', "")


def test_there_are_two_where_the_databases_outlive_a_node() -> None:
    assert [mlflow(each, RELEASE).values["replicaCount"] for each in (DEV, PROD)] == [1, 2]
