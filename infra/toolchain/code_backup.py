"""Copies of Gitea's repositories, every night: a bundle of each in a bucket, which is copied out of the cluster after.

Issues, reviews and people are in the database, which has copies of its own. The volume can be used from one node alone,
so the copy is made where Gitea runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.component import FilledSecret, Manifest
from infra.components.nightly import nightly, rclone_remote, rclone_variable
from infra.components.pods import confined_pod, shell
from infra.components.stores import OBJECT_STORE, REGION, bucket_secret
from infra.model.tools import all_tools

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.environment import Environment
    from infra.model.release import Release

NAME = "repository-backup"
CLAIM = "gitea-shared-storage"  # the chart's
SCHEDULE = "15 0 * * *"  # before the buckets are copied out of the cluster
_DATA, _BUNDLES = "/data", "/bundles"
_USER = 1000  # owns the repositories: the chart's image runs as this one
# Gitea's volume has the group already; without the policy the kubelet would go through all files while Gitea runs.
_AS_GITEA: dict[str, Any] = {"runAsGroup": _USER, "fsGroup": _USER, "fsGroupChangePolicy": "OnRootMismatch"}


def repository_backup(environment: Environment, release: Release, labels: Mapping[str, str]) -> tuple[Manifest, ...]:
    """Return the CronJob; `labels` are those of Gitea's pods."""
    code = environment.toolchain.code
    if code is None or not environment.platform.copies_repositories:
        return ()
    tool = all_tools()["gitea"]
    variables = {
        **rclone_remote(
            "kept", provider="SeaweedFS", endpoint=OBJECT_STORE, region=REGION, access_key_id=tool.component
        ),
        "BUNDLES": _BUNDLES,
        "DATA": _DATA,
        "HOME": "/tmp",  # noqa: S108 - a volume of its own
        "KEPT": f"kept:{tool.buckets[0]}",
        "REPOSITORIES": f"{_DATA}/git/gitea-repositories",
    }
    bundles = _container("bundles", release.images["gitea"].reference, "repository_bundles.sh", variables)
    upload = _container("rclone", release.images["rclone"].reference, "repository_backup.sh", variables)
    upload["envFrom"] = [{"secretRef": {"name": NAME}}]
    pod = confined_pod(
        upload, first=(bundles,), user=_USER, volumes=_volumes(code.storage_gib), restart="Never", **_AS_GITEA
    )
    beside = {"labelSelector": {"matchLabels": dict(labels)}, "topologyKey": "kubernetes.io/hostname"}
    pod["affinity"] = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [beside]}}
    job = {"backoffLimit": 2, "activeDeadlineSeconds": 12 * 3600, "template": {"spec": pod}}
    return (nightly(NAME, tool.namespace, SCHEDULE, job),)


def repository_backup_secret(environment: Environment) -> tuple[FilledSecret, ...]:
    """Return the Secret that rclone reads its secret access key from."""
    if not environment.platform.copies_repositories:
        return ()
    key = bucket_secret(all_tools()["gitea"])
    variable = rclone_variable("kept", "secret_access_key")
    return (FilledSecret(NAME, (key,), lambda values: {variable: values[key]}, for_jobs=True),)


def _container(name: str, image: str, script: str, variables: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "image": image,
        "command": shell(f"toolchain/setup/{script}"),
        "env": [{"name": key, "value": value} for key, value in sorted(variables.items())],
        "volumeMounts": [
            {"name": "data", "mountPath": _DATA, "readOnly": True},
            {"name": "bundles", "mountPath": _BUNDLES},
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - a volume of its own
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}},
    }


def _volumes(storage: int) -> list[dict[str, Any]]:
    """Return the volumes; bundles take as much as repositories, `storage` in GiB: too much for a node's own disk."""
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": f"{storage}Gi"}}}
    return [
        {"name": "data", "persistentVolumeClaim": {"claimName": CLAIM}},
        {"name": "bundles", "ephemeral": {"volumeClaimTemplate": {"spec": claim}}},
        {"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}},
    ]
