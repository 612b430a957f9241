"""Copies of repositories: that they are whole, that one broken repository costs no other's copy, who may do what."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from infra.components.stores import OBJECT_STORE
from infra.toolchain.code import gitea
from tests.support.environments import CATALOG, RELEASE, changed
from tests.support.scripts import played, run_script

if TYPE_CHECKING:
    from pathlib import Path

    from infra.components.component import Component

DEV, _ = CATALOG.load("dev")
RCLONE = """#!/bin/sh
echo "$@" >>"$PLAYED.asked"
"""
PATH = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repositories(tmp_path: Path) -> Path:
    """Two repositories that were pushed to and one that never was."""
    folder = tmp_path / "data" / "git" / "gitea-repositories"
    for name in ("research/model.git", "research/model.wiki.git", "serving/empty.git"):
        (folder / name).mkdir(parents=True)
        git(folder / name, "init", "--bare", "--quiet")
    for name in ("research/model.git", "research/model.wiki.git"):
        work = tmp_path / "work" / name
        work.mkdir(parents=True)
        git(work, "init", "--quiet")
        git(work, "commit", "--quiet", "--allow-empty", "-m", "first")
        git(work, "tag", "v1")
        git(work, "push", "--quiet", str(folder / name), "main", "v1", "main:refs/pull/1/head")
    return folder


def bundled(repositories: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return run_script(
        "toolchain/setup/repository_bundles.sh", {**PATH, "REPOSITORIES": str(repositories), "BUNDLES": str(folder)}
    )


def files_of(folder: Path) -> set[str]:
    return {str(each.relative_to(folder)) for each in folder.rglob("*.bundle")}


def test_a_bundle_has_every_branch_tag_and_pull_request(repositories: Path, tmp_path: Path) -> None:
    done = bundled(repositories, tmp_path / "bundles")
    assert (done.returncode, done.stdout, done.stderr) == (0, "3 repositories, 0 failed\n", "")
    assert files_of(tmp_path / "bundles/repositories") == {"research/model.bundle", "research/model.wiki.bundle"}
    git(tmp_path, "clone", "--quiet", "--mirror", "bundles/repositories/research/model.bundle", "restored.git")
    assert git(tmp_path / "restored.git", "for-each-ref") == git(repositories / "research/model.git", "for-each-ref")
    assert git(tmp_path / "restored.git", "rev-parse", "HEAD") == git(
        repositories / "research/model.git", "rev-parse", "main"
    )


def test_a_repository_in_which_nothing_happened_is_the_same_file(repositories: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        assert bundled(repositories, tmp_path / name).returncode == 0
    one, two = ((tmp_path / name / "repositories/research/model.bundle").read_bytes() for name in ("first", "second"))
    assert one == two


def test_a_broken_repository_is_named_and_the_others_are_copied(repositories: Path, tmp_path: Path) -> None:
    for each in (repositories / "research/model.git/objects").glob("??/*"):
        each.unlink()
    done = bundled(repositories, tmp_path / "bundles")
    assert done.returncode == 0
    assert "fatal" in done.stderr
    assert (tmp_path / "bundles/failed").read_text() == "research/model.git\n"
    assert files_of(tmp_path / "bundles/repositories") == {"research/model.wiki.bundle"}


def test_before_anything_was_pushed_there_is_nothing_to_copy(tmp_path: Path) -> None:
    done = bundled(tmp_path / "none", tmp_path / "bundles")
    assert (done.returncode, done.stdout) == (0, "nothing was ever pushed\n")
    assert (tmp_path / "bundles/failed").read_text() == ""


def sent(folder: Path, failed: str = "", *, bundles: int = 1) -> tuple[int, str, list[str]]:
    """Run what brings copies to the bucket; return its exit code, its error, and what rclone was told."""
    for each in (folder / "bundles/repositories", folder / "data/attachments"):
        each.mkdir(parents=True)
    for number in range(bundles):
        (folder / f"bundles/repositories/{number}.bundle").touch()
    (folder / "bundles/failed").write_text(failed)
    places = {"BUNDLES": str(folder / "bundles"), "DATA": str(folder / "data"), "KEPT": "kept:b"}
    done = run_script("toolchain/setup/repository_backup.sh", {**played(folder, "rclone", RCLONE), **places})
    asked = (folder / "played.asked").read_text().replace(f"{folder}/", "").splitlines()
    return done.returncode, done.stderr.strip(), [" ".join(line.split()[:3]) for line in asked]


def test_bundles_and_files_come_to_the_bucket(tmp_path: Path) -> None:
    assert sent(tmp_path) == (
        0,
        "",
        ["sync bundles/repositories kept:b/repositories", "sync data/attachments kept:b/attachments"],
    )


def test_the_last_bundle_of_a_broken_repository_stays(tmp_path: Path) -> None:
    code, error, asked = sent(tmp_path, failed="research/model.git\n")
    assert (code, error) == (1, "failed: research/model.git")
    assert asked[0] == "copy bundles/repositories kept:b/repositories"  # sync would remove it


def test_an_empty_volume_empties_no_copy(tmp_path: Path) -> None:
    code, _, asked = sent(tmp_path, bundles=0)
    assert code == 0
    assert {each.split()[0] for each in asked} == {"copy"}


def test_what_can_not_be_looked_into_fails_the_copy(repositories: Path, tmp_path: Path) -> None:
    find = tmp_path / "bin" / "find"
    find.parent.mkdir()
    find.write_text("#!/bin/sh\nexit 1\n")
    find.chmod(0o755)
    places = {"REPOSITORIES": str(repositories), "BUNDLES": str(tmp_path / "bundles")}
    done = run_script("toolchain/setup/repository_bundles.sh", {"PATH": f"{find.parent}:{PATH['PATH']}", **places})
    assert done.returncode == 1


def job_of(component: Component) -> list[dict[str, Any]]:
    return [each for each in component.after if each["kind"] == "CronJob"]


def test_the_copy_runs_where_gitea_does_and_changes_nothing_there() -> None:
    component = gitea(DEV, RELEASE)
    (job,) = job_of(component)
    assert "backup" in job["metadata"]["name"]  # alerts look for it
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    containers = [*pod["initContainers"], *pod["containers"]]
    assert [each["image"].partition("@")[0].rpartition("/")[2].partition(":")[0] for each in containers] == [
        "gitea",
        "rclone",
    ]
    for each in containers:
        assert next(m for m in each["volumeMounts"] if m["name"] == "data")["readOnly"]
        assert each["securityContext"]["readOnlyRootFilesystem"]
    (term,) = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["labelSelector"]["matchLabels"]["app.kubernetes.io/name"] == "gitea"
    (rclone,) = pod["containers"]
    env = {each["name"]: each["value"] for each in rclone["env"]}
    assert (env["RCLONE_CONFIG_KEPT_ENDPOINT"], env["RCLONE_CONFIG_KEPT_ACCESS_KEY_ID"]) == (OBJECT_STORE, "gitea")
    (secret,) = (each for each in component.secrets if each.name == rclone["envFrom"][0]["secretRef"]["name"])
    assert secret.sources == ("below:buckets-gitea",)
    assert set(secret.fill({"below:buckets-gitea": "x"})) == {"RCLONE_CONFIG_KEPT_SECRET_ACCESS_KEY"}


@pytest.mark.parametrize("missing", ["platform.backups", "platform.objectStore"])
def test_without_a_place_for_copies_there_is_no_job_and_no_key(missing: str) -> None:
    component = gitea(changed(DEV, {missing: None}), RELEASE)
    assert job_of(component) == []
    assert "repository-backup" not in {each.name for each in component.secrets}
