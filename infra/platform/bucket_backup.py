"""Copies of all buckets outside of the cluster, every night: rclone, in a CronJob."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.components.component import FilledSecret, Manifest
from infra.components.nightly import nightly, rclone_remote, rclone_variable
from infra.components.pods import confined_pod, shell
from infra.components.sources import MADE
from infra.components.stores import OBJECT_STORE, REGION
from infra.platform.outside import AUTHORITY, AUTHORITY_KEY, BACKUP_KEY, BUCKETS, REPLACED, authority_secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.model.environment import Environment
    from infra.model.platform import Backups
    from infra.model.release import Release

NAME = "bucket-backup"
READER = "backup"  # who reads all buckets
READER_SECRET = f"{MADE}:buckets-{READER}"
_AUTHORITY_FOLDER = "/etc/backup-authority"
_USER = 65532


@dataclass(frozen=True)
class BucketBackup:
    """What copies buckets: objects of the object store's namespace, and the Secrets that they name."""

    manifests: tuple[Manifest, ...] = ()
    secrets: tuple[FilledSecret, ...] = ()


def bucket_backup(environment: Environment, release: Release, namespace: str, buckets: Sequence[str]) -> BucketBackup:
    """Return what copies buckets out of the cluster: nothing where a document says of no place outside."""
    asked = environment.platform.backups
    if asked is None or not buckets:
        return BucketBackup()
    return BucketBackup(
        (*authority_secret(asked, namespace), nightly(NAME, namespace, "30 1 * * *", _job(asked, release, buckets))),
        (_access_keys(),),
    )


def _access_keys() -> FilledSecret:
    """Return the secret halves of both access keys, as rclone reads them from its environment."""

    def filled(values: Mapping[str, str]) -> dict[str, str]:
        return {
            rclone_variable("source", "secret_access_key"): values[READER_SECRET],
            rclone_variable("target", "secret_access_key"): values[BACKUP_KEY],
        }

    return FilledSecret(NAME, (READER_SECRET, BACKUP_KEY), filled, for_jobs=True)


def _job(asked: Backups, release: Release, buckets: Sequence[str]) -> dict[str, Any]:
    trusted = asked.authority is not None
    mounts = [{"name": "scratch", "mountPath": "/tmp"}]  # noqa: S108 - a volume of its own
    volumes: list[dict[str, Any]] = [{"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}}]
    if trusted:
        mounts.append({"name": "authority", "mountPath": _AUTHORITY_FOLDER})
        volumes.append({"name": "authority", "secret": {"secretName": AUTHORITY}})
    container = {
        "name": "rclone",
        "image": release.images["rclone"].reference,
        "command": shell("platform/setup/bucket_backup.sh"),
        "env": [{"name": name, "value": value} for name, value in sorted(_variables(asked, buckets).items())],
        "envFrom": [{"secretRef": {"name": NAME}}],
        "volumeMounts": mounts,
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
    }
    pod = confined_pod(container, user=_USER, volumes=volumes, restart="Never")
    return {"backoffLimit": 2, "activeDeadlineSeconds": 23 * 3600, "template": {"spec": pod}}


def _variables(asked: Backups, buckets: Sequence[str]) -> dict[str, str]:
    """Return the environment: what the script reads, and what rclone knows as `source` and `target`."""
    found = {
        **rclone_remote("source", provider="SeaweedFS", endpoint=OBJECT_STORE, region=REGION, access_key_id=READER),
        **rclone_remote(
            "target", provider="Other", endpoint=asked.endpoint, region=asked.region, access_key_id=asked.user
        ),
    }
    if asked.authority is not None:
        found["RCLONE_CA_CERT"] = f"{_AUTHORITY_FOLDER}/{AUTHORITY_KEY}"
    return {
        **found,
        "BUCKETS": " ".join(buckets),
        "HOME": "/tmp",  # noqa: S108 - a volume of its own
        "KEEP_DAYS": str(asked.keep_days),
        "KEPT": f"target:{asked.bucket}/{BUCKETS}",
        "REPLACED": f"target:{asked.bucket}/{REPLACED}",
    }
