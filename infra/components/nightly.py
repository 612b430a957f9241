"""Work that is done every night: CronJobs, and what rclone has to know of the places that it copies between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.component import Manifest, manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

_LATE = 6 * 3600  # seconds after its time that a run may still begin, as after the cluster was switched off


def nightly(name: str, namespace: str, schedule: str, job: Mapping[str, Any]) -> Manifest:
    """Return a CronJob that runs a Job's specification by a `schedule` of cron's, in UTC, one run at a time.

    Alerts on old copies look at CronJobs with `backup` in their names.
    """
    spec = {
        "schedule": schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": _LATE,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {"spec": dict(job)},
    }
    return manifest("CronJob", "batch/v1", name, namespace, spec=spec)


def rclone_remote(name: str, **settings: str) -> dict[str, str]:
    """Return the variables that make rclone know an S3 as the remote `name`; its secret access key is not among them.

    `settings` are rclone's own, as `endpoint` and `access_key_id`. Buckets are there already, and stand in paths.
    """
    always = {"type": "s3", "no_check_bucket": "true", "force_path_style": "true"}
    return {rclone_variable(name, key): value for key, value in {**always, **settings}.items()}


def rclone_variable(name: str, key: str) -> str:
    """Return the variable that holds a setting of rclone's remote `name`."""
    return f"RCLONE_CONFIG_{name}_{key}".upper()
