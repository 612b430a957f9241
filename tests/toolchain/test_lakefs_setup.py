"""lakeFS's setup script against a played lakeFS: what it makes, changes, leaves alone, and says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.played_tools.jobs import Job
from tests.support.played_tools.lakefs import PlayedLakefs
from tests.support.played_tools.server import ADMIN, PASSWORD, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def desired() -> dict[str, Any]:
    retention = {"default_days": 21, "branches": {"main": 365, "dev": 7}}
    team = {"name": "team-a-data", "storage_namespace": "s3://lakefs/team-a", "retention": retention}
    return {
        "administrator": "platform",
        "repositories": [team, {"name": "shared", "storage_namespace": "s3://lakefs/shared", "protected_branches": []}],
    }


@pytest.fixture
def lakefs() -> PlayedLakefs:
    return PlayedLakefs()


@pytest.fixture
def job(tmp_path: Path, lakefs: PlayedLakefs) -> Iterator[Job]:
    with served(lakefs) as url:
        yield Job.of(tmp_path, "lakefs.py", url, {})


def test_the_first_run_makes_everything(job: Job, lakefs: PlayedLakefs) -> None:
    code, text = job.run(desired())
    assert code == 0, text
    assert text.splitlines() == [
        "administrator platform: created",
        "repository team-a-data: created (s3://lakefs/team-a)",
        "protected branches of repository team-a-data: set (none -> main)",
        "retention of repository team-a-data: set (21 days, dev: 7 days, main: 365 days)",
        "repository shared: created (s3://lakefs/shared)",
        "lakefs: changes: 5",
    ]
    assert (lakefs.administrator, lakefs.users) == ("platform", {ADMIN: PASSWORD})
    assert lakefs.protected == {"team-a-data": ["main"]}


def test_the_second_run_changes_nothing(job: Job, lakefs: PlayedLakefs) -> None:
    assert job.run(desired())[0] == 0
    lakefs.seen.clear()
    assert job.run(desired()) == (0, "lakefs: as asked for, nothing changed\n")
    assert lakefs.wrote == []


def test_what_was_changed_is_brought_about_and_nothing_else(job: Job, lakefs: PlayedLakefs) -> None:
    assert job.run(desired())[0] == 0
    state = desired()
    team, _ = state["repositories"]
    state["repositories"] = [team]
    team["protected_branches"] = ["release-*", "main"]
    team["retention"]["branches"].pop("dev")
    lakefs.seen.clear()
    code, text = job.run(state)
    assert code == 0, text
    path = "PUT /api/v1/repositories/team-a-data/settings"
    assert lakefs.wrote == [f"{path}/branch_protection", f"{path}/gc_rules"]
    assert "protected branches of repository team-a-data: set (main -> main, release-*)\n" in text
    assert "repositories, not asked for, left alone: shared\n" in text
    assert lakefs.rules["team-a-data"]["branches"] == [{"branch_id": "main", "retention_days": 365}]


def test_a_missing_permission_is_named(job: Job, lakefs: PlayedLakefs) -> None:
    lakefs.forbidden = {"POST /repositories"}
    code, text = job.run(desired())
    assert code == 1
    assert text.splitlines()[-1] == (
        "lakefs: repository team-a-data can't be created: POST /api/v1/repositories: 403 forbidden; "
        "user setup lacks the permission"
    )


def test_a_lakefs_that_somebody_else_set_up_lets_nobody_in(job: Job, lakefs: PlayedLakefs) -> None:
    lakefs.users["other"] = "other"
    code, text = job.run(desired())
    assert code == 1
    assert text.count("\n") == 1
    assert "/repositories can't be read" in text
    assert "401 unauthorized; user setup is not let in" in text


def test_a_lakefs_that_comes_late_is_waited_for(tmp_path: Path, lakefs: PlayedLakefs) -> None:
    with served(lakefs) as url:
        port = int(url.rpartition(":")[2])
    job = Job.of(tmp_path, "lakefs.py", url, {})
    lakefs.busy = 1
    with job.started(desired()) as process:
        time.sleep(0.8)  # it finds nobody there
        assert process.poll() is None
        with served(lakefs, port):
            code, text = job.ended(process)
    assert code == 0, text


def test_a_redirect_is_not_followed(job: Job, lakefs: PlayedLakefs) -> None:
    lakefs.moved = job.url.replace("127.0.0.1", "localhost")
    code, text = job.run(desired())
    assert code == 1
    assert "GET /api/v1/healthcheck: 301 " in text
    assert text.endswith("; SETUP_URL is not the address at which it answers\n")
    assert len(lakefs.seen) == 1


def test_a_repository_at_another_place_is_refused(job: Job, lakefs: PlayedLakefs) -> None:
    lakefs.users[ADMIN] = PASSWORD
    lakefs.add("shared", "s3://elsewhere/shared")
    state = {"repositories": desired()["repositories"][1:]}
    line = (
        "lakefs: repository shared is there with storage_namespace s3://elsewhere/shared, "
        "not s3://lakefs/shared; lakeFS can't change that\n"
    )
    assert job.run(state) == (1, line)


def test_more_than_one_page_is_read(job: Job, lakefs: PlayedLakefs) -> None:
    lakefs.users[ADMIN] = PASSWORD
    names = [f"data-{number}" for number in range(5)]
    for name in names:
        lakefs.add(name, f"s3://lakefs/{name}")
    code, text = job.run({})
    assert (code, lakefs.wrote) == (0, [])
    assert f"repositories, not asked for, left alone: {', '.join(names)}\n" in text


@pytest.mark.parametrize(
    ("repository", "line"),
    [
        ({"name": "a"}, "repositories[0]: storage_namespace is missing"),
        ({"name": "abc", "storage_namespace": "s3://b", "keep": 1}, "repositories[0]: keep is not known"),
        (
            {"name": "abc", "storage_namespace": "s3://b", "retention": {"default_days": 0}},
            "repository abc: retention: ",
        ),
    ],
)
def test_a_wrong_desired_state_is_refused(
    job: Job, lakefs: PlayedLakefs, repository: dict[str, Any], line: str
) -> None:
    code, text = job.run({"repositories": [repository]})
    assert code == 1
    assert text.startswith(f"lakefs: {line}")
    assert lakefs.seen == []
