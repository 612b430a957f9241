"""zot: who may do what, what is kept, and that its configuration names secrets and holds none."""

from __future__ import annotations

import json
from typing import Any

import bcrypt

from infra.platform.zot import zot
from infra.platform.zot_config import zot_config
from tests.support.environments import CATALOG, PROD, RELEASE, changed

DEV, _ = CATALOG.load("dev")
SMALL = changed(PROD, {"platform.registry.kind": "zot"})
MADE = "Made0fChanceAnd32CharactersLong1"


def allowed(pattern: str, who: str, kind: str = "groups") -> set[str]:
    policies: list[dict[str, Any]] = zot_config(SMALL)["http"]["accessControl"]["repositories"][pattern]["policies"]
    return {action for each in policies if who in each.get(kind, ()) for action in each["actions"]}


def test_teams_work_in_their_own_repositories_and_read_what_is_shared() -> None:
    assert allowed("serving/**", "ml-operations") == {"read", "create", "update", "delete"}
    assert allowed("serving/**", "ml-engineers") == {"read"}  # viewers of that team
    assert allowed("research/**", "ml-operations") == set()
    assert allowed("models/**", "ml-operations") == allowed("docker.io/**", "ml-engineers") == {"read"}
    assert allowed("research/**", "auditors") == {"read"}


def test_a_repository_that_nobody_named_is_open_to_no_person() -> None:
    everything = zot_config(SMALL)["http"]["accessControl"]
    assert [each for each in everything["repositories"]["**"]["policies"] if each.get("groups")] == []
    assert {each["defaultPolicy"] == [] for each in everything["repositories"].values()} == {True}
    assert everything["adminPolicy"]["groups"] == ["platform-admins"]


def test_pipelines_push_to_no_copy_and_the_other_account_pushes_nowhere() -> None:
    patterns = zot_config(SMALL)["http"]["accessControl"]["repositories"]
    assert {each for each in patterns if "create" in allowed(each, "builds", "users")} == {
        "research/**",
        "serving/**",
        "platform/**",
        "models/**",
        "charts/**",
    }
    assert {frozenset(allowed(each, "pull", "users")) for each in patterns} == {frozenset({"read"})}


def test_copies_go_when_nobody_pulls_them_and_of_the_rest_so_many_are_kept() -> None:
    copies, others = zot_config(SMALL)["storage"]["retention"]["policies"]
    assert copies["repositories"] == ["docker.io/**", "ghcr.io/**", "quay.io/**"]
    assert others["keepTags"] == [{"mostRecentlyPushedCount": 50}]
    assert not others["deleteUntagged"]


def test_without_sign_in_there_is_zot_s_own_list_alone() -> None:
    alone = changed(SMALL, {"cluster.signIn": None, "toolchain": None})
    assert set(zot_config(alone)["http"]["auth"]) == {"htpasswd", "failDelay"}
    found = zot(alone, RELEASE).secrets[0]
    assert set(found.fill(dict.fromkeys(found.sources, MADE))) == {"htpasswd"}


def test_its_list_of_users_is_the_same_every_time_and_has_who_the_rules_name() -> None:
    found = zot(SMALL, RELEASE).secrets[0]
    values = {source: f"{MADE}{number}" for number, source in enumerate(found.sources)}
    text = found.fill(values)["htpasswd"]
    assert text == found.fill(values)["htpasswd"]
    users = dict(line.split(":", 1) for line in text.splitlines())
    assert set(users) == {"admin", "metrics", "builds", "pull"}
    assert bcrypt.checkpw(values["made:robot-builds"].encode(), users["builds"].encode())


def test_files_that_the_configuration_names_are_in_the_secret_and_nothing_secret_is_among_the_values() -> None:
    component = zot(SMALL, RELEASE)
    found = component.secrets[0]
    files = found.fill(dict.fromkeys(found.sources, MADE))
    auth = zot_config(SMALL)["http"]["auth"]
    named = {auth["htpasswd"]["path"], auth["sessionKeysFile"], auth["openid"]["providers"]["oidc"]["credentialsFile"]}
    assert {each.removeprefix("/secret/") for each in named} == set(files)
    assert len(json.loads(files["sessions.json"])["encryptKey"]) == 32
    assert component.values["externalSecrets"] == [{"secretName": found.name, "mountPath": "/secret"}]
    assert [each for each in found.sources if each in json.dumps(component.values)] == []


def test_prometheus_signs_in_where_there_is_one() -> None:
    names = [{each.name for each in zot(environment, RELEASE).secrets} for environment in (SMALL, unmonitored())]
    assert ["zot-metrics" in each for each in names] == [True, False]
    assert "metrics" not in zot_config(unmonitored())["extensions"]


def unmonitored() -> Any:
    return changed(SMALL, {"platform.monitoring": None, "toolchain": None})
