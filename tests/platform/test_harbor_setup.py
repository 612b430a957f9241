"""Harbor's setup script against a played Harbor: what it makes, changes, leaves alone, and says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.played_tools.harbor import PlayedHarbor
from tests.support.played_tools.jobs import Job
from tests.support.played_tools.server import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRETS = {
    "HARBOR_OIDC_CLIENT_SECRET": "client-secret-of-harbor",
    "HARBOR_DOCKER_HUB_PASSWORD": "password-at-docker-hub",
    "HARBOR_ROBOT_BUILD": "Robot-Passw0rd-1",
    "HARBOR_ROBOT_CLUSTER": "Robot-Passw0rd-2",
}
GIB = 1024**3


def desired() -> dict[str, Any]:
    keep = {"template": "latestPushedK", "number": 10, "untagged": False}
    return {
        "settings": {"project_creation_restriction": "adminonly"},
        "oidc": {
            "name": "slipway",
            "endpoint": "https://dex.example.org",
            "client_id": "harbor",
            "client_secret_env": "HARBOR_OIDC_CLIENT_SECRET",
            "admin_group": "platform-admins",
        },
        "registries": [
            {
                "name": "docker-hub",
                "type": "docker-hub",
                "url": "https://hub.docker.com/",
                "user": "reader",
                "password_env": "HARBOR_DOCKER_HUB_PASSWORD",
            }
        ],
        "projects": [
            {"name": "docker-hub", "public": True, "auto_scan": False, "proxy_of": "docker-hub"},
            {
                "name": "team-a",
                "storage_limit": 100 * GIB,
                "prevent_severity": "critical",
                "signed_only": True,
                "retention": {"cron": "0 0 2 * * *", "keep": [keep]},
                "members": [{"group": "team-a", "role": "developer"}, {"group": "leads", "role": "admin"}],
            },
        ],
        "robots": [
            {
                "name": "build",
                "project": "team-a",
                "secret_env": "HARBOR_ROBOT_BUILD",
                "permissions": [{"namespace": "team-a", "access": ["repository:push", "repository:pull"]}],
            },
            {
                "name": "cluster",
                "secret_env": "HARBOR_ROBOT_CLUSTER",
                "permissions": [
                    {"namespace": "*", "access": ["repository:pull"]},
                    {"namespace": "/", "access": ["project:list"]},
                ],
            },
        ],
        "garbage_collection": {"cron": "0 0 3 * * 6"},
        "scan_all": {"cron": "0 0 4 * * *"},
    }


@pytest.fixture
def harbor() -> PlayedHarbor:
    return PlayedHarbor()


@pytest.fixture
def job(tmp_path: Path, harbor: PlayedHarbor) -> Iterator[Job]:
    with served(harbor) as url:
        yield Job.of(tmp_path, "harbor.py", url, dict(SECRETS))


def test_the_first_run_makes_everything(job: Job, harbor: PlayedHarbor) -> None:
    code, text = job.run(desired())
    assert code == 0, text
    assert harbor.configurations["auth_mode"] == "oidc_auth"
    assert harbor.configurations["oidc_client_secret"] == SECRETS["HARBOR_OIDC_CLIENT_SECRET"]
    assert harbor.configurations["oidc_groups_claim"] == "groups"
    (registry,) = harbor.registries
    assert registry["credential"]["access_secret"] == SECRETS["HARBOR_DOCKER_HUB_PASSWORD"]
    _, cache, team = harbor.projects
    assert (cache["registry_id"], cache["metadata"]["public"]) == (registry["id"], "true")
    assert team["metadata"]["severity"] == "critical"
    assert team["metadata"]["enable_content_trust_cosign"] == "true"
    assert harbor.quotas[team["project_id"]] == 100 * GIB
    _, policy = harbor.retentions.values()  # a cache has one from the start
    assert policy["rules"][0]["params"] == {"latestPushedK": 10}
    assert policy["rules"][0]["tag_selectors"][0]["extras"] == '{"untagged":false}'
    roles = {member["entity_name"]: member["role_id"] for member in harbor.members[team["project_id"]]}
    assert roles == {"team-a": 2, "leads": 1}
    assert harbor.users["robot$team-a+build"] == SECRETS["HARBOR_ROBOT_BUILD"]
    assert harbor.users["robot$cluster"] == SECRETS["HARBOR_ROBOT_CLUSTER"]
    assert harbor.gc["parameters"] == {"delete_untagged": True, "workers": 1}
    assert harbor.scan == "0 0 4 * * *"
    assert "project team-a: created\n" in text
    assert "projects, not asked for, left alone: library\n" in text
    assert text.endswith("harbor: changes: 14\n")


def test_the_second_run_changes_nothing(job: Job, harbor: PlayedHarbor) -> None:
    assert job.run(desired())[0] == 0
    harbor.seen.clear()
    code, text = job.run(desired())
    assert (code, harbor.wrote) == (0, [])
    assert harbor.seen
    assert text.endswith("harbor: as asked for, nothing changed\n")


def test_what_was_changed_is_brought_about_and_nothing_else(job: Job, harbor: PlayedHarbor) -> None:
    assert job.run(desired())[0] == 0
    state = desired()
    team, build = state["projects"][1], state["robots"][0]
    team |= {"public": True, "storage_limit": -1, "prevent_severity": "", "members": team["members"][:1]}
    team["members"][0]["role"] = "maintainer"
    team["retention"]["keep"].append({"template": "always", "tags": "v*"})
    build["permissions"][0]["access"] = ["repository:pull"]
    keep = {"template": "nDaysSinceLastPull", "number": 30}
    state["projects"][0]["retention"] = {"cron": "0 0 2 * * *", "keep": [keep]}
    state["registries"][0]["insecure"] = True
    state["oidc"]["scope"] = "openid,email"
    state["garbage_collection"]["workers"] = 3
    state["scan_all"]["cron"] = "0 0 5 * * *"
    harbor.seen.clear()
    code, text = job.run(state)
    assert code == 0, text
    assert sorted(line.partition("/api/v2.0")[2].rstrip("0123456789") for line in harbor.wrote) == [
        "/configurations",
        "/projects/",
        f"/projects/{harbor.projects[2]['project_id']}/members/",
        "/quotas/",
        "/registries/",
        "/retentions/",
        "/retentions/",
        "/robots/",
        "/system/gc/schedule",
        "/system/scanAll/schedule",
    ]
    assert "project team-a: changed (public: 'false' -> 'true', prevent_vul: 'true' -> 'false')\n" in text
    assert "project team-a: limited (storage: 107374182400 -> -1 bytes)\n" in text
    assert "groups in project team-a, not asked for, left alone: leads\n" in text
    policies = [[rule["template"] for rule in policy["rules"]] for policy in harbor.retentions.values()]
    assert policies == [["nDaysSinceLastPull"], ["latestPushedK", "always"]]
    assert harbor.configurations["oidc_client_secret"] == SECRETS["HARBOR_OIDC_CLIENT_SECRET"]


@pytest.mark.parametrize("name", SECRETS)
def test_a_new_secret_is_noticed(job: Job, harbor: PlayedHarbor, name: str) -> None:
    assert job.run(desired())[0] == 0
    job.secrets[name] = "Another-Passw0rd-9"
    harbor.seen.clear()
    assert job.run(desired())[0] == 0
    assert 1 <= len(harbor.wrote) <= 2
    kept = [harbor.configurations["oidc_client_secret"], harbor.registries[0]["credential"]["access_secret"]]
    kept += [harbor.users["robot$team-a+build"], harbor.users["robot$cluster"]]
    assert kept.count("Another-Passw0rd-9") == 1
    harbor.seen.clear()
    assert job.run(desired())[0] == 0
    assert harbor.wrote == []


def test_a_missing_permission_is_named(job: Job, harbor: PlayedHarbor) -> None:
    harbor.forbidden = {"POST /projects"}
    code, text = job.run(desired())
    assert code == 1
    assert text.splitlines()[-1] == (
        "harbor: project docker-hub can't be created: POST /api/v2.0/projects: 403 forbidden; "
        "user setup lacks the permission"
    )


def test_a_wrong_login_is_named(job: Job) -> None:
    job.user = "somebody"
    code, text = job.run(desired())
    assert code == 1
    assert text.count("\n") == 1
    assert "401 unauthorized; user somebody is not let in" in text


def test_a_harbor_that_comes_late_is_waited_for(tmp_path: Path, harbor: PlayedHarbor) -> None:
    with served(harbor) as url:
        port = int(url.rpartition(":")[2])
    job = Job.of(tmp_path, "harbor.py", url, dict(SECRETS))
    harbor.busy, harbor.ill = 1, [["database"]]
    with job.started(desired()) as process:
        time.sleep(0.8)  # it finds nobody there
        assert process.poll() is None
        with served(harbor, port):
            code, text = job.ended(process)
    assert code == 0, text
    assert harbor.seen.count("GET /api/v2.0/health") == 3


def test_a_harbor_that_never_gets_well_is_named(job: Job, harbor: PlayedHarbor) -> None:
    harbor.ill = [["database", "trivy"]] * 100
    job.deadline = 1
    assert job.run(desired()) == (1, "harbor: Harbor is not healthy: database, trivy\n")


def test_a_harbor_that_never_comes_is_named(tmp_path: Path, harbor: PlayedHarbor) -> None:
    with served(harbor) as url:
        pass
    job = Job.of(tmp_path, "harbor.py", url, dict(SECRETS))
    job.deadline = 1
    code, text = job.run(desired())
    assert code == 1
    assert text.startswith(f"harbor: harbor does not answer at {url}/api/v2.0/health: ")
    assert text.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"projects": [{"name": "a", "publik": True}]}, "projects[0]: publik is not known; known are: "),
        ({"projects": [{"public": True}]}, "projects[0]: name is missing"),
        ({"projects": [{"name": "a", "public": "yes"}]}, "projects[0].public: bool is expected, not str"),
        ({"projects": [{"name": "a", "proxy_of": "b"}]}, "project a: there is no registry b"),
        ({"projects": [{"name": "a", "prevent_severity": "bad"}]}, "project a: prevent_severity is one of "),
        ({"projects": [{"name": "a", "members": [{"group": "g", "role": "king"}]}]}, "project a: role is one of "),
        ({"settings": {"oidc_client_secret": "x"}}, "settings.oidc_client_secret: a text, number or boolean that is"),
        ({"robots": [{"name": "r", "secret_env": "NONE", "permissions": []}]}, "robot r: it has no permissions"),
    ],
)
def test_a_wrong_desired_state_is_refused(job: Job, harbor: PlayedHarbor, change: dict[str, Any], line: str) -> None:
    code, text = job.run(change)
    assert code == 1
    assert text.startswith(f"harbor: {line}")
    assert text.count("\n") == 1
    assert harbor.wrote == []


def test_a_robot_s_weak_secret_is_refused_without_telling_it(job: Job, harbor: PlayedHarbor) -> None:
    job.secrets["HARBOR_ROBOT_BUILD"] = "all-small-1"
    code, text = job.run(desired())
    assert code == 1
    assert "robot build: the secret in HARBOR_ROBOT_BUILD has to have 8 to 128 characters" in text
    assert harbor.robots == []


def test_a_missing_secret_is_named(job: Job) -> None:
    job.secrets["HARBOR_OIDC_CLIENT_SECRET"] = ""
    line = "harbor: the environment variable HARBOR_OIDC_CLIENT_SECRET is not set or empty\n"
    assert job.run(desired()) == (1, line)


def test_a_cache_that_is_another_project_is_refused(job: Job) -> None:
    state = desired()
    state["projects"] = [{"name": "library", "public": True, "proxy_of": "docker-hub"}]
    state["robots"] = []
    code, text = job.run(state)
    assert code == 1
    assert "project library is there and is not a cache of docker-hub; Harbor can't change that" in text


def test_a_registry_that_harbor_can_t_reach_is_named(job: Job) -> None:
    state = desired()
    state["registries"][0]["url"] = "https://unreachable.example.org"
    code, text = job.run(state)
    assert code == 1
    assert "registry docker-hub can't be created: POST /api/v2.0/registries: 400 the registry is unhealthy" in text


def test_more_than_one_page_is_read(job: Job, harbor: PlayedHarbor) -> None:
    for number in range(230):
        harbor.store_project({"name": f"p{number}", "metadata": {"public": "false"}}, -1)
    state = {"projects": [{"name": f"p{number}", "auto_scan": False} for number in (1, 150, 229)]}
    assert job.run(state)[0] == 0
    assert harbor.wrote == []
