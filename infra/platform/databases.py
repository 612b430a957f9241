"""Databases: one PostgreSQL for all tools, each with a role and a database of its own, and copies outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.component import Component, FilledSecret, Manifest, fingerprint, manifest
from infra.components.monitors import pod_monitor
from infra.components.pods import confined_pod, shell
from infra.components.sources import MADE, name_of
from infra.components.stores import DATABASE_HOST, DATABASE_PORT, database_password
from infra.model.tools import tools_of
from infra.platform.database_operator import API
from infra.platform.database_operator import NAME as OPERATOR
from infra.platform.monitored import is_monitored, monitors_needed
from infra.platform.outside import AUTHORITY, AUTHORITY_KEY, BACKUP_KEY, DATABASES, authority_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.model.environment import Environment
    from infra.model.platform import Backups
    from infra.model.release import Image, Release
    from infra.model.tools import Tool

NAME = "postgres"
NAMESPACE = "postgres"
_BACKUPS = "backups"  # the Secret with the access key of the S3 outside
_RELOADED = {"cnpg.io/reload": "true"}  # lets the operator see a Secret change
_CLUSTER = {"name": NAME}
_USER = 26  # `postgres` in the operator's images
_DAILY = "0 0 1 * * *"  # with seconds first
# Servers of S3 that are not Amazon's do not know the checksums that its clients send by default.
_PLAIN_S3 = {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required", "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required"}


def databases(environment: Environment, release: Release) -> Component:
    """Return PostgreSQL with the databases of all tools that a document asks for."""
    backups = environment.platform.backups
    tools = [tool for tool in tools_of(environment).values() if tool.database]
    image = release.images["postgresql"]
    secrets = tuple(_password(tool) for tool in tools)
    before: tuple[Manifest, ...] = (_cluster(environment, image),)
    after = [each for tool in tools for each in _database(tool)]
    if backups is not None:
        secrets = (*secrets, _access_key(backups))
        before = (*authority_secret(backups, NAMESPACE), *before)
        after.append(manifest("ScheduledBackup", API, "daily", NAMESPACE, spec=_schedule()))
    if is_monitored(environment):
        # The operator's own way to make it is deprecated (CloudNativePG, "Monitoring").
        after.append(pod_monitor(NAME, NAMESPACE, {"matchLabels": {"cnpg.io/cluster": NAME}}, port="metrics"))
    if tools:
        after.append(_answers([tool.database for tool in tools], image))
    return Component(
        NAME,
        NAMESPACE,
        needs=(*monitors_needed(environment), OPERATOR),
        secrets=secrets,
        before=before,
        after=tuple(after),
    )


def _cluster(environment: Environment, image: Image) -> Manifest:
    asked, backups = environment.platform.databases, environment.platform.backups
    assert asked is not None  # noqa: S101 - the table of tools says so
    several = asked.instances > 1
    spec: dict[str, Any] = {
        "imageName": image.reference,
        "instances": asked.instances,
        "bootstrap": {"initdb": {"dataChecksums": True}},
        "storage": {"size": f"{asked.storage_gib}Gi", "resizeInUseVolumes": True},
        "resources": {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
        "enableSuperuserAccess": False,
        "enablePDB": several,  # that of a single server would let no node be drained
        "primaryUpdateStrategy": "unsupervised",
        "primaryUpdateMethod": "switchover" if several else "restart",
        "affinity": {
            "enablePodAntiAffinity": True,
            "podAntiAffinityType": "required",
            "topologyKey": "kubernetes.io/hostname",
        },
        "postgresql": {
            "parameters": {"max_connections": "300", "shared_buffers": "512MB"},
            "pg_hba": ["hostnossl all all all reject"],  # stands before the operator's own last line, which takes both
        },
    }
    if several:
        # A write is answered when a second server has it; where none is left, the first goes on alone.
        spec["postgresql"]["synchronous"] = {"method": "any", "number": 1, "dataDurability": "preferred"}
    if backups is not None:
        spec["env"] = [{"name": name, "value": value} for name, value in sorted(_PLAIN_S3.items())]
        spec["backup"] = _backup(backups)
    return manifest("Cluster", API, NAME, NAMESPACE, spec=spec)


def _backup(asked: Backups) -> dict[str, Any]:
    store: dict[str, Any] = {
        "destinationPath": f"s3://{asked.bucket}/{DATABASES}",
        "endpointURL": asked.endpoint,
        "s3Credentials": {
            "accessKeyId": {"name": _BACKUPS, "key": "ACCESS_KEY_ID"},
            "secretAccessKey": {"name": _BACKUPS, "key": "ACCESS_SECRET_KEY"},
            "region": {"name": _BACKUPS, "key": "REGION"},
        },
        "wal": {"compression": "gzip", "maxParallel": 4},
        "data": {"compression": "gzip"},
    }
    if asked.authority is not None:
        store["endpointCA"] = {"name": AUTHORITY, "key": AUTHORITY_KEY}
    return {"retentionPolicy": f"{asked.keep_days}d", "barmanObjectStore": store}


def _schedule() -> dict[str, Any]:
    """Return when copies are made: at once, then every night; what changes in between is archived as it happens."""
    return {
        "schedule": _DAILY,
        "immediate": True,
        "backupOwnerReference": "self",
        "method": "barmanObjectStore",
        "cluster": _CLUSTER,
    }


def _access_key(asked: Backups) -> FilledSecret:
    def filled(values: Mapping[str, str]) -> dict[str, str]:
        return {"ACCESS_KEY_ID": asked.user, "ACCESS_SECRET_KEY": values[BACKUP_KEY], "REGION": asked.region}

    return FilledSecret(_BACKUPS, (BACKUP_KEY,), filled, labels=_RELOADED)


def _password(tool: Tool) -> FilledSecret:
    """Return the Secret that a role's password is set from."""
    source = f"{MADE}:{name_of(database_password(tool))}"

    def fill() -> Callable[[Mapping[str, str]], dict[str, str]]:
        return lambda values: {"username": tool.database, "password": values[source]}

    return FilledSecret(_secret_of(tool.database), (source,), fill(), "kubernetes.io/basic-auth", _RELOADED)


def _database(tool: Tool) -> tuple[Manifest, ...]:
    """Return a tool's role and database; both stay in PostgreSQL when the tool goes."""
    role = {
        "cluster": _CLUSTER,
        "name": tool.database,
        "comment": tool.title,
        "login": True,
        "passwordSecret": {"name": _secret_of(tool.database)},
        "databaseRoleReclaimPolicy": "retain",
    }
    database = {
        "cluster": _CLUSTER,
        "name": tool.database,
        "owner": tool.database,
        "databaseReclaimPolicy": "retain",
    }
    return (
        manifest("DatabaseRole", API, tool.database, NAMESPACE, spec=role),
        manifest("Database", API, tool.database, NAMESPACE, spec=database),
    )


def _secret_of(database: str) -> str:
    return f"database-{database}"


def _answers(names: list[str], image: Image) -> Manifest:
    """Return a Job that ends when every database lets its role in: what needs them begins after it."""
    folder = "/etc/databases"
    volumes = [{"name": name, "secret": {"secretName": _secret_of(name)}} for name in names]
    mounts = [{"name": name, "mountPath": f"{folder}/{name}", "readOnly": True} for name in names]
    container = {
        "name": "psql",
        "image": image.reference,
        "command": shell("platform/setup/databases.sh"),
        "env": [
            {"name": "FOLDER", "value": folder},
            {"name": "HOST", "value": DATABASE_HOST},
            {"name": "PORT", "value": str(DATABASE_PORT)},
        ],
        "volumeMounts": mounts,
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    }
    pod = confined_pod(container, user=_USER, volumes=volumes, fsGroup=_USER)
    spec = {"backoffLimit": 10, "activeDeadlineSeconds": 1800, "template": {"spec": pod}}
    name = f"databases-answer-{fingerprint(spec)[:10]}"
    return manifest("Job", "batch/v1", name, NAMESPACE, spec=spec)
