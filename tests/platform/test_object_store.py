"""The object store: who may touch which bucket, how many of what run, and what its two scripts do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra.components.sources import name_of
from infra.components.stores import OBJECT_STORE, bucket_secret
from infra.model.tools import tools_of
from infra.platform.object_store import object_store
from tests.support.environments import CATALOG, PROD, RELEASE, changed
from tests.support.scripts import played, run_script

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from infra.components.component import Component
    from infra.model.environment import Environment

DEV, _ = CATALOG.load("dev")
WITHOUT_COPIES = changed(DEV, {"platform.backups": None})
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

# Plays `weed shell`: buckets are files of `$PLAYED`; one called `refused` can't be made, one called `lost` is not kept.
WEED = """#!/bin/sh
read -r command first second third
echo "$command $first $second $third" >>"$PLAYED.asked"
case $command in
  s3.bucket.list)
    if [ -e "$PLAYED.down" ]; then rm "$PLAYED.down"; echo 'error: no filer' >&2; exit 0; fi
    for each in "$PLAYED"/*; do [ ! -e "$each" ] || printf '  %s\\tsize:0\\n' "${each##*/}"; done ;;
  s3.bucket.create)
    set -- $first $second $third
    case $2 in
      refused) echo 'error: not possible' >&2 ;;
      lost) ;;
      *) : >"$PLAYED/$2" ;;
    esac ;;
esac
"""
# Plays rclone: says what it is asked; the bucket `broken` can't be copied; two days are kept.
RCLONE = """#!/bin/sh
echo "$@" >>"$PLAYED.asked"
case $1 in
  sync) [ "$2" != source:broken ] ;;
  lsf) [ ! -e "$PLAYED.empty" ] || exit 3; printf '2020-01-31/\\n9999-12-31/\\n' ;;
esac
"""


def of_kind(component: Component, kind: str) -> list[dict[str, Any]]:
    return [each for each in (*component.before, *component.after) if each["kind"] == kind]


def logins(environment: Environment) -> dict[str, Any]:
    """Return the actions of everybody who has an access key, by that key, and their secrets as sources."""
    secrets = {each.name: each for each in object_store(environment, RELEASE).secrets}
    text = secrets["logins"].fill({source: source for source in secrets["logins"].sources})["seaweedfs_s3_config"]
    return {each["credentials"][0]["accessKey"]: each for each in json.loads(text)["identities"]}


@pytest.mark.parametrize("environment", [DEV, PROD], ids=lambda each: each.name)
def test_a_tool_touches_its_own_buckets_alone(environment: Environment) -> None:
    found = logins(environment)
    tools = {name: tool for name, tool in tools_of(environment).items() if tool.buckets}
    assert set(found) == {"administrator", "backup", *tools}
    for name, tool in tools.items():
        assert {action.partition(":")[2] for action in found[name]["actions"]} == set(tool.buckets)
        assert found[name]["credentials"][0]["secretKey"] == f"made:{name_of(bucket_secret(tool))}"


def test_who_copies_buckets_only_reads_them() -> None:
    assert logins(DEV)["backup"]["actions"] == ["Read", "List"]
    assert "backup" not in logins(WITHOUT_COPIES)


def test_changed_rights_are_read_anew_and_no_secret_is_in_the_values() -> None:
    def annotation(environment: Environment) -> str:
        return str(object_store(environment, RELEASE).values["s3"]["podAnnotations"]["slipway.dev/configuration"])

    assert annotation(DEV) != annotation(WITHOUT_COPIES)
    assert "made:" not in json.dumps(object_store(DEV, RELEASE).values)


@pytest.mark.parametrize(
    ("servers", "masters", "gateways", "placement", "budgets"),
    [
        (1, 1, 1, "000", []),
        (2, 1, 2, "001", ["seaweedfs-volume", "seaweedfs-s3"]),
        (3, 3, 2, "001", ["seaweedfs-master", "seaweedfs-volume", "seaweedfs-s3"]),
    ],
)
def test_everything_is_kept_twice_from_two_servers_on(
    servers: int, masters: int, gateways: int, placement: str, budgets: list[str]
) -> None:
    component = object_store(changed(DEV, {"platform.objectStore.servers": servers}), RELEASE)
    values = component.values
    assert (values["volume"]["replicas"], values["master"]["replicas"]) == (servers, masters)
    assert values["s3"]["replicas"] == gateways
    common = values["global"]["seaweedfs"]
    assert (common["enableReplication"], common["replicationPlacement"]) == (servers > 1, placement)
    assert [each["metadata"]["name"] for each in of_kind(component, "PodDisruptionBudget")] == budgets


def test_nothing_is_kept_on_the_disks_of_nodes() -> None:
    values = object_store(PROD, RELEASE).values
    kinds = {values[part]["data"]["type"] for part in ("master", "filer")}
    kinds |= {each["type"] for each in values["volume"]["dataDirs"]}
    assert kinds == {"persistentVolumeClaim"}
    assert {values[part]["logs"]["type"] for part in ("master", "filer", "s3")} == {""}


def test_what_the_program_does_by_itself_is_said_again() -> None:
    """With a configuration of one's own, as the chart always has one, nothing is done by itself."""
    config = object_store(DEV, RELEASE).values["master"]["config"]
    assert "volume.fix.replication -apply" in config
    assert "s3.bucket.quota.enforce -apply" in config
    assert "ec.encode" not in config


def test_the_registry_s_bucket_has_as_much_room_as_the_document_says() -> None:
    (job,) = of_kind(object_store(DEV, RELEASE), "Job")
    env = {each["name"]: each["value"] for each in job["spec"]["template"]["spec"]["containers"][0]["env"]}
    lines = env["BUCKETS"].splitlines()
    assert "harbor harbor 102400" in lines
    assert "models kserve 0" in lines


def buckets(folder: Path, wanted: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run the script that makes buckets; return it with what `weed shell` was asked, but for what there is."""
    variables = {**played(folder, "weed", WEED), "BUCKETS": wanted, "MASTER": "master:9333", "FILER": "filer:8888"}
    (folder / "played" / "there").touch()
    (folder / "played.down").touch()
    done = run_script("platform/setup/buckets.sh", variables)
    asked = (folder / "played.asked").read_text().splitlines()
    return done, [each.strip() for each in asked if not each.startswith("s3.bucket.list")]


def test_buckets_that_are_missing_are_made_and_what_is_there_stays(tmp_path: Path) -> None:
    done, asked = buckets(tmp_path, "there loki 0\nharbor harbor 2048")
    assert done.returncode == 0, done.stderr
    assert asked == [
        "s3.bucket.quota -name=there -op=remove",
        "s3.bucket.create -name harbor -owner harbor",
        "s3.bucket.quota -name=harbor -op=set -sizeMB=2048",
    ]
    assert "no filer" in done.stderr  # it was not there at first, and waited for


@pytest.mark.parametrize(("name", "said"), [("refused", "error: not possible"), ("lost", "lost: was made and is not")])
def test_a_bucket_that_is_not_there_in_the_end_is_an_error(tmp_path: Path, name: str, said: str) -> None:
    done, _ = buckets(tmp_path, f"{name} loki 0")
    assert done.returncode != 0
    assert said in done.stderr


def copied(folder: Path, names: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run the script that copies buckets; return it with what rclone was asked."""
    places = {"KEPT": "target:outside/buckets", "REPLACED": "target:outside/replaced"}
    done = run_script(
        "platform/setup/bucket_backup.sh",
        {**played(folder, "rclone", RCLONE), **places, "BUCKETS": names, "KEEP_DAYS": "7"},
    )
    return done, (folder / "played.asked").read_text().splitlines()


def test_all_buckets_are_copied_and_old_days_are_thrown_away(tmp_path: Path) -> None:
    done, asked = copied(tmp_path, "harbor loki")
    assert done.returncode == 0, done.stderr
    assert [" ".join(each.split()[:3]) for each in asked if each.startswith("sync")] == [
        "sync source:harbor target:outside/buckets/harbor",
        "sync source:loki target:outside/buckets/loki",
    ]
    assert [each for each in asked if each.startswith("purge")] == ["purge target:outside/replaced/2020-01-31"]


def test_a_bucket_that_fails_does_not_keep_others_from_being_copied_and_is_told(tmp_path: Path) -> None:
    done, asked = copied(tmp_path, "broken loki")
    assert done.returncode == 1
    assert done.stderr.strip() == "failed: broken"
    assert any("source:loki" in each for each in asked)


def test_the_first_copy_finds_nothing_that_was_replaced(tmp_path: Path) -> None:
    (tmp_path / "played.empty").touch()
    done, _ = copied(tmp_path, "loki")
    assert done.returncode == 0, done.stderr


def test_rclone_knows_both_ends_by_its_environment() -> None:
    trusting = changed(DEV, {"platform.backups.authority": CERTIFICATE})
    component = object_store(trusting, RELEASE)
    (job,) = of_kind(component, "CronJob")
    assert "backup" in job["metadata"]["name"]  # alerts look for it
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    env = {each["name"]: each["value"] for each in container["env"]}
    assert (env["RCLONE_CONFIG_SOURCE_ENDPOINT"], env["RCLONE_CONFIG_SOURCE_ACCESS_KEY_ID"]) == (OBJECT_STORE, "backup")
    assert env["RCLONE_CONFIG_TARGET_ENDPOINT"] == "https://s3.example.internal"
    assert set(env["BUCKETS"].split()) == {name for tool in tools_of(DEV).values() for name in tool.buckets}
    (secret,) = (each for each in component.secrets if each.name == container["envFrom"][0]["secretRef"]["name"])
    assert set(secret.sources) == {"made:buckets-backup", "slipway:backupSecretKey"}
    trusted = next(each["mountPath"] for each in container["volumeMounts"] if each["name"] == "authority")
    assert env["RCLONE_CA_CERT"] == f"{trusted}/ca.crt"
    assert of_kind(object_store(WITHOUT_COPIES, RELEASE), "CronJob") == []
