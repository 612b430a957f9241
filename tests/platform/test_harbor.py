"""Harbor: whom it lets do what, what it is told by its set-up script, and that nothing secret is among its values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import bcrypt

from infra.components.registry import ROBOTS
from infra.platform.harbor import harbor
from infra.platform.harbor_state import OIDC_SECRET, desired_state, robot_variable
from tests.support.environments import CATALOG, PROD, RELEASE, changed
from tests.support.played_tools.harbor import PlayedHarbor
from tests.support.played_tools.jobs import Job
from tests.support.played_tools.server import served

if TYPE_CHECKING:
    from pathlib import Path

    from infra.components.component import FilledSecret
    from infra.model.environment import Environment

DEV, _ = CATALOG.load("dev")
MADE = "Made0fChanceAnd32CharactersLong1"


def secret(environment: Environment, name: str) -> FilledSecret:
    (found,) = [each for each in harbor(environment, RELEASE).secrets if (each.name, each.namespace) == (name, "")]
    return found


def filled(environment: Environment, name: str) -> dict[str, str]:
    found = secret(environment, name)
    return found.fill(dict.fromkeys(found.sources, MADE))


def roles(environment: Environment, project: str) -> dict[str, str]:
    (found,) = [each for each in desired_state(environment)["projects"] if each["name"] == project]
    return {each["group"]: each["role"] for each in found["members"]}


def test_teams_work_in_their_own_project_and_read_what_is_shared() -> None:
    assert roles(PROD, "serving") == {
        "platform-admins": "admin",
        "ml-operations": "maintainer",
        "ml-engineers": "guest",
        "auditors": "guest",
    }
    assert roles(PROD, "models")["ml-operations"] == "guest"
    assert roles(PROD, "quay.io")["ml-engineers"] == "guest"


def test_a_group_that_is_named_twice_may_what_the_document_gives_it_most() -> None:
    both = changed(DEV, {"cluster.access.viewers": ["ml-engineers"], "cluster.access.administrators": ["ml-engineers"]})
    assert roles(both, "research") == {"ml-engineers": "admin"}


def test_without_sign_in_there_are_no_groups() -> None:
    alone = changed(DEV, {"cluster.signIn": None, "toolchain": None})
    state = desired_state(alone)
    assert "oidc" not in state
    assert [each["members"] for each in state["projects"] if each["members"]] == []
    assert OIDC_SECRET not in filled(alone, "harbor-setup")


def test_a_team_named_as_a_shared_project_has_it_for_itself() -> None:
    team = {"namespaces": {"models": {}}, "members": ["model-people"]}
    environment = changed(DEV, {"cluster.teams.models": team})
    names = [each["name"] for each in desired_state(environment)["projects"]]
    assert len(names) == len(set(names))
    assert roles(environment, "models")["model-people"] == "maintainer"


def test_pipelines_push_to_no_copy_and_the_other_account_pushes_nowhere() -> None:
    robots = {each["name"]: each["permissions"] for each in desired_state(PROD)["robots"]}
    pushed = {each["namespace"] for each in robots["builds"] if "repository:push" in each["access"]}
    assert pushed == {"research", "serving", "platform", "models", "charts"}
    assert robots["pull"] == [{"namespace": "*", "access": ["repository:pull"]}]


def test_what_stands_in_for_docker_and_github_is_asked_as_any_registry() -> None:
    upstreams = {"docker.io": "https://registry-1.docker.io", "ghcr.io": "https://mirror.example.internal"}
    found = desired_state(changed(DEV, {"platform.registry.upstreams": upstreams}))["registries"]
    assert [(each["type"], each["url"]) for each in found] == [
        ("docker-hub", "https://hub.docker.com"),
        ("docker-registry", "https://mirror.example.internal"),
    ]


def test_the_scanner_asks_the_mirror_of_a_site_and_nobody_else() -> None:
    mirrored = changed(DEV, {"platform.registry.upstreams": {"ghcr.io": "https://mirror.example.internal"}})
    found = [harbor(each, RELEASE).values["trivy"]["dbRepository"] for each in (DEV, mirrored)]
    assert found == [
        ["mirror.gcr.io/aquasec/trivy-db", "ghcr.io/aquasecurity/trivy-db"],
        ["mirror.example.internal/aquasecurity/trivy-db"],
    ]


def test_harbor_gets_keys_of_the_lengths_that_it_takes() -> None:
    keys = filled(DEV, "harbor-keys")
    assert (len(keys["secretKey"]), len(keys["CSRF_KEY"])) == (16, 32)
    login = filled(DEV, "harbor-login")
    user, _, hashed = login["REGISTRY_HTPASSWD"].partition(":")
    assert user == harbor(DEV, RELEASE).values["registry"]["credentials"]["username"]
    assert bcrypt.checkpw(login["REGISTRY_PASSWD"].encode(), hashed.encode())


def test_no_secret_stands_among_values_and_objects() -> None:
    component = harbor(PROD, RELEASE)
    sources = {source for each in component.secrets for source in each.sources}
    assert len(sources) > 9  # database, buckets, administrator, five keys, login, robots, client
    text = json.dumps([component.values, component.before, component.after])
    assert [source for source in sources if source in text] == []
    assert {"password", "secretKey", "accesskey", "secretkey"} & set(keys_of(component.values)) == set()


def keys_of(values: Any) -> list[str]:
    if not isinstance(values, dict):
        return []
    return [*values, *(key for each in values.values() for key in keys_of(each))]


def test_more_of_each_part_run_where_databases_outlive_a_node() -> None:
    parts = ("nginx", "portal", "core", "jobservice", "registry")
    for environment, number in ((DEV, 1), (PROD, 2)):
        values = harbor(environment, RELEASE).values
        assert {values[part]["replicas"] for part in parts} == {number}
        assert {values[part]["podDisruptionBudget"]["enabled"] for part in parts} == {number > 1}


def test_every_namespace_of_a_team_can_pull_without_being_asked() -> None:
    component = harbor(PROD, RELEASE)
    spaces = {each.namespace for each in component.secrets if each.name == "registry-pull"}
    accounts = [each for each in component.before if each["kind"] == "ServiceAccount"]
    assert spaces == {each["metadata"]["namespace"] for each in accounts} == {"research", "notebooks", "serving"}
    assert {each["metadata"]["name"] for each in accounts} == {"default"}
    (login,) = [each for each in component.secrets if each.namespace == "serving"]
    (text,) = login.fill(dict.fromkeys(login.sources, MADE)).values()
    assert json.loads(text)["auths"]["registry.prod.example.internal"]["username"] == "robot$pull"


def test_the_set_up_script_takes_what_it_is_told_and_has_nothing_to_do_the_second_time(tmp_path: Path) -> None:
    played = PlayedHarbor()
    state = desired_state(PROD)
    secrets = {robot_variable(each): MADE for each in ROBOTS} | {OIDC_SECRET: MADE}
    assert set(filled(PROD, "harbor-setup")) == {"SETUP_PASSWORD", *secrets}
    with served(played) as url:
        job = Job.of(tmp_path, "harbor.py", url, secrets)
        code, text = job.run(state)
        assert code == 0, text
        projects = {each["name"] for each in played.projects}
        assert {each["name"] for each in state["projects"]} <= projects
        assert played.users["robot$builds"] == MADE
        code, text = job.run(state)
    assert (code, text.strip().splitlines()[-1]) == (0, "harbor: as asked for, nothing changed")
