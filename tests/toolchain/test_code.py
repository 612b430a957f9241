"""Who gets which repositories, and what Gitea is told of secrets."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from infra.toolchain.code import gitea
from infra.toolchain.code_organizations import desired_state, group_team_map, organization_of
from tests.support.environments import CATALOG, PROD, RELEASE, changed
from tests.support.played_tools.gitea import PlayedGitea
from tests.support.played_tools.jobs import Job
from tests.support.played_tools.server import served

if TYPE_CHECKING:
    from pathlib import Path

DEV, _ = CATALOG.load("dev")
SOURCES = {"hex": "0" * 64, "made": "x" * 32}


def organizations(**changes: Any) -> dict[str, Any]:
    environment = changed(DEV, {path.replace("__", "."): value for path, value in changes.items()})
    return {each["name"]: each for each in desired_state(environment, "http://events/push")["organizations"]}


def test_groups_come_into_the_teams_that_their_rights_say() -> None:
    rights = json.loads(group_team_map(PROD))
    assert rights["ml-operations"] == {"serving": ["developers"]}
    assert rights["ml-engineers"] == {"research": ["developers"], "serving": ["readers"]}
    assert rights["auditors"] == {"platform": ["readers"], "research": ["readers"], "serving": ["readers"]}
    assert all("Owners" in teams for teams in rights["platform-admins"].values())


def test_only_groups_of_the_document_are_in_it() -> None:
    known = {"platform-admins", "auditors", "ml-engineers", "ml-operations"}
    assert set(json.loads(group_team_map(PROD))) == known


def test_every_team_has_an_organization_and_the_platform_s_is_not_built() -> None:
    found = organizations()
    assert set(found) == {"platform", "research"}
    assert [each["name"] for each in found["platform"]["repositories"]] == ["environments"]
    assert found["platform"]["webhooks"] == []
    assert [each["events"] for each in found["research"]["webhooks"]] == [["push"]]


def test_pipelines_read_the_teams_code_and_not_the_platform_s() -> None:
    readers = {
        name: next(team["members"] for team in each["teams"] if team["name"] == "readers")
        for name, each in organizations().items()
    }
    assert readers == {"platform": ["argo-cd"], "research": ["argo-cd", "builds"]}


def test_without_pipelines_and_deliveries_there_are_neither_their_users_nor_webhooks() -> None:
    environment = changed(DEV, {"toolchain.pipelines": None, "toolchain.delivery": None})
    state = desired_state(environment, "http://events/push")
    assert state["users"] == []
    assert [each["webhooks"] for each in state["organizations"]] == [[], []]


def test_a_team_may_have_the_platform_s_name() -> None:
    assert (organization_of("research"), organization_of("platform")) == ("research", "team-platform")


def test_the_set_up_makes_what_is_desired_and_then_has_nothing_to_do(tmp_path: Path) -> None:
    state, played = desired_state(PROD, "http://events/push"), PlayedGitea()
    (setup,) = [each for each in gitea(PROD, RELEASE).secrets if each.name == "gitea-setup"]
    secrets = setup.fill({name: f"Secret-{number}" * 4 for number, name in enumerate(setup.sources)})
    del secrets["SETUP_PASSWORD"]  # the played one has its own
    with served(played) as url:
        job = Job.of(tmp_path, "gitea.py", url, secrets)
        code, text = job.run(state)
        assert code == 0, text
        assert job.run(state) == (0, "gitea: as asked for, nothing changed\n")
    assert set(played.organizations) == {"platform", "research", "serving"}
    assert [each["name"] for each in played.repositories["serving"]] == ["deploy"]


def test_no_password_stands_among_the_values() -> None:
    component = gitea(PROD, RELEASE)
    names = {source for secret in component.secrets for source in secret.sources}
    filled = {name: f"secret-{number}" for number, name in enumerate(sorted(names))}
    written = json.dumps([component.values, component.before, component.after])
    assert not [value for value in filled.values() if value in written]
    for secret in component.secrets:
        assert secret.fill(filled)


def test_tokens_are_signed_with_32_bytes() -> None:
    (keys,) = [each for each in gitea(DEV, RELEASE).secrets if each.name == "gitea-keys"]
    values = {name: SOURCES[name.partition(":")[0]] for name in keys.sources}
    key = keys.fill(values)["jwtSecret"]
    assert len(base64.urlsafe_b64decode(f"{key}=")) == 32
    assert "=" not in key


def test_without_sign_in_there_is_only_the_local_administrator() -> None:
    alone = changed(DEV, {"cluster.signIn": None, "firstBoot.apiServer.oidc": None, "toolchain.notebooks": None})
    values = gitea(alone, RELEASE).values["gitea"]
    assert "oauth" not in values
    assert values["config"]["service"]["DISABLE_REGISTRATION"] is True
    assert gitea(DEV, RELEASE).values["gitea"]["config"]["service"]["DISABLE_REGISTRATION"] is False
