"""Gitea's setup script against a played Gitea: what it makes, changes, leaves alone, and says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.played_tools.gitea import PlayedGitea
from tests.support.played_tools.jobs import Job
from tests.support.played_tools.server import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRETS = {"GITEA_ARGO_CD_PASSWORD": "Argo-Passw0rd-1", "GITEA_WEBHOOK_SECRET": "webhook-secret-1"}
EVENTS = "http://gitea-eventsource-svc.argo-events:12000/push"


def desired() -> dict[str, Any]:
    bot = {"name": "argo-cd", "email": "argo-cd@example.org", "password_env": "GITEA_ARGO_CD_PASSWORD"}
    webhook = {"name": "argo-events", "url": EVENTS, "secret_env": "GITEA_WEBHOOK_SECRET"}
    readers = {"name": "readers", "permission": "read", "members": ["argo-cd"]}
    environments = {"name": "environments", "description": "What runs where", "protection": {"approvals": 1}}
    return {
        "users": [bot],
        "organizations": [
            {"name": "platform", "full_name": "Platform", "teams": [readers], "repositories": [environments]},
            {
                "name": "team-a",
                "teams": [
                    readers,
                    {"name": "developers", "permission": "write", "can_create_repositories": True},
                    {"name": "leads", "permission": "admin"},
                ],
                "webhooks": [{**webhook, "events": ["push", "create"]}],
            },
        ],
    }


@pytest.fixture
def gitea() -> PlayedGitea:
    return PlayedGitea()


@pytest.fixture
def job(tmp_path: Path, gitea: PlayedGitea) -> Iterator[Job]:
    with served(gitea) as url:
        yield Job.of(tmp_path, "gitea.py", url, dict(SECRETS))


def test_the_first_run_makes_everything(job: Job, gitea: PlayedGitea) -> None:
    code, text = job.run(desired())
    assert code == 0, text
    assert text.splitlines() == [
        "user argo-cd: created",
        "organization platform: created",
        "team readers of organization platform: created",
        "user argo-cd in team readers of organization platform: added",
        "repository platform/environments: created",
        "branch main of repository platform/environments: protected",
        "organization team-a: created",
        "team readers of organization team-a: created",
        "user argo-cd in team readers of organization team-a: added",
        "team developers of organization team-a: created",
        "team leads of organization team-a: created",
        "webhook argo-events of organization team-a: created",
        "gitea: changes: 12",
    ]
    assert gitea.users["argo-cd"] == SECRETS["GITEA_ARGO_CD_PASSWORD"]
    assert gitea.people["argo-cd"]["restricted"]
    assert not gitea.people["argo-cd"]["must_change_password"]
    assert gitea.organizations["platform"]["visibility"] == "private"
    (repository,) = gitea.repositories["platform"]
    assert repository["private"]
    (rule,) = gitea.rules["platform/environments"]
    assert (rule["rule_name"], rule["required_approvals"], rule["enable_push"]) == ("main", 1, False)
    (webhook,) = gitea.webhooks["team-a"]
    assert webhook["config"] == {"url": EVENTS, "content_type": "json"}
    assert webhook["events"] == ["create", "push"]
    assert list(gitea.webhook_secrets.values()) == [SECRETS["GITEA_WEBHOOK_SECRET"]]


def test_the_second_run_changes_nothing(job: Job, gitea: PlayedGitea) -> None:
    assert job.run(desired())[0] == 0
    gitea.seen.clear()
    assert job.run(desired()) == (0, "gitea: as asked for, nothing changed\n")
    assert gitea.wrote == []


def test_what_was_changed_is_brought_about_and_nothing_else(job: Job, gitea: PlayedGitea) -> None:
    assert job.run(desired())[0] == 0
    state = desired()
    platform, team = state["organizations"]
    platform |= {"visibility": "limited", "teams": []}
    platform["repositories"][0] |= {"description": "All environments", "protection": {"approvals": 2}}
    team["teams"][1]["permission"] = "read"
    team["teams"][2]["permission"] = "write"
    team["webhooks"][0] |= {"events": ["push"], "branch_filter": "main"}
    state["users"][0]["full_name"] = "Argo CD"
    gitea.seen.clear()
    code, text = job.run(state)
    assert code == 0, text
    assert [line.rstrip("0123456789") for line in gitea.wrote] == [
        "PATCH /api/v1/admin/users/argo-cd",
        "PATCH /api/v1/orgs/platform",
        "PATCH /api/v1/repos/platform/environments",
        "PATCH /api/v1/repos/platform/environments/branch_protections/main",
        "PATCH /api/v1/teams/",
        "PATCH /api/v1/teams/",
        "PATCH /api/v1/orgs/team-a/hooks/",
    ]
    assert "organization platform: changed (visibility: 'private' -> 'limited')\n" in text
    assert "teams of organization platform, not asked for, left alone: readers\n" in text
    gitea.seen.clear()
    assert job.run(state)[0] == 0
    assert gitea.wrote == []


def test_a_new_password_is_noticed(job: Job, gitea: PlayedGitea) -> None:
    assert job.run(desired())[0] == 0
    job.secrets |= {"GITEA_ARGO_CD_PASSWORD": "Argo-Passw0rd-2"}
    gitea.seen.clear()
    code, text = job.run(desired())
    assert (code, text) == (0, "password of user argo-cd: set\ngitea: changes: 1\n")
    assert gitea.wrote == ["PATCH /api/v1/admin/users/argo-cd"]
    assert gitea.users["argo-cd"] == "Argo-Passw0rd-2"


def test_a_webhook_with_an_old_secret_is_replaced(job: Job, gitea: PlayedGitea) -> None:
    assert job.run(desired())[0] == 0
    job.secrets |= {"GITEA_WEBHOOK_SECRET": "webhook-secret-2"}
    gitea.seen.clear()
    assert job.run(desired())[0] == 0
    assert [line.partition(" ")[0] for line in gitea.wrote] == ["POST", "DELETE"]
    assert list(gitea.webhook_secrets.values()) == ["webhook-secret-2"]
    assert len(gitea.webhooks["team-a"]) == 1


def test_somebody_else_s_webhook_stays(job: Job, gitea: PlayedGitea) -> None:
    gitea.add_organization("team-a", {})
    config = {"url": "https://chat.example.org/hook", "content_type": "json"}
    gitea.webhooks["team-a"] = [{"id": 99, "name": "chat", "config": config, "events": ["push"]}]
    code, text = job.run(desired())
    assert code == 0
    assert "webhooks of organization team-a, not asked for, left alone: https://chat.example.org/hook\n" in text
    assert len(gitea.webhooks["team-a"]) == 2


def test_who_has_no_write_access_can_t_push_to_a_protected_branch(job: Job) -> None:
    state = desired()
    state["organizations"][0]["repositories"][0]["protection"]["push_users"] = ["argo-cd"]
    code, text = job.run(state)
    assert code == 1
    assert text.splitlines()[-1] == (
        "gitea: branch main of repository platform/environments can't be pushed to by argo-cd: "
        "no team gives them write access to it"
    )


def test_who_has_write_access_can_push_to_a_protected_branch(job: Job, gitea: PlayedGitea) -> None:
    state = desired()
    platform = state["organizations"][0]
    platform["teams"][0] = {"name": "promoters", "permission": "write", "members": ["argo-cd"]}
    platform["repositories"][0]["protection"]["push_users"] = ["argo-cd"]
    assert job.run(state)[0] == 0
    gitea.seen.clear()
    assert job.run(state)[0] == 0
    assert gitea.wrote == []
    (rule,) = gitea.rules["platform/environments"]
    assert (rule["enable_push_whitelist"], rule["push_whitelist_usernames"]) == (True, ["argo-cd"])


def test_a_missing_permission_is_named(job: Job, gitea: PlayedGitea) -> None:
    gitea.forbidden = {"POST /api/v1/orgs"}
    code, text = job.run(desired())
    assert code == 1
    assert text.splitlines()[-1] == (
        "gitea: organization platform can't be created: POST /api/v1/orgs: 403 forbidden; "
        "user setup lacks the permission"
    )


def test_a_gitea_that_comes_late_is_waited_for(tmp_path: Path, gitea: PlayedGitea) -> None:
    with served(gitea) as url:
        port = int(url.rpartition(":")[2])
    job = Job.of(tmp_path, "gitea.py", url, dict(SECRETS))
    gitea.busy = 1
    with job.started(desired()) as process:
        time.sleep(0.8)  # it finds nobody there
        assert process.poll() is None
        with served(gitea, port):
            code, text = job.ended(process)
    assert code == 0, text


def test_a_password_that_gitea_refuses_is_not_told(job: Job) -> None:
    job.secrets |= {"GITEA_ARGO_CD_PASSWORD": "short"}
    code, text = job.run(desired())
    assert code == 1
    assert "user argo-cd can't be created: POST /api/v1/admin/users: 400 password must be at least 8" in text


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"users": [{"name": "a", "email": "a@example.org"}]}, "users[0]: password_env is missing"),
        (
            {"organizations": [{"name": "a", "teams": [{"name": "t"}]}]},
            "organization a: teams[0]: permission is missing",
        ),
        (
            {"organizations": [{"name": "a", "teams": [{"name": "t", "permission": "own"}]}]},
            "organization a: team t: permission is one of read, write, admin",
        ),
        (
            {"organizations": [{"name": "a", "repositories": [{"name": "r", "protection": {"approvers": 1}}]}]},
            "organization a: repository r: protection: approvers is not known",
        ),
    ],
)
def test_a_wrong_desired_state_is_refused(job: Job, gitea: PlayedGitea, change: dict[str, Any], line: str) -> None:
    code, text = job.run(change)
    assert code == 1
    assert text.startswith(f"gitea: {line}")
    assert text.count("\n") == 1
    assert gitea.seen == []
