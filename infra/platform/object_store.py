"""The object store: SeaweedFS, with the buckets of all tools; each tool may touch its own alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.components.component import Component, FilledSecret, Manifest, chart_values, fingerprint, manifest
from infra.components.pods import confined_pod, shell
from infra.components.replicas import disruption_budget
from infra.components.sources import MADE, name_of
from infra.components.stores import bucket_secret
from infra.model.tools import tools_of
from infra.platform.bucket_backup import READER, READER_SECRET, bucket_backup
from infra.platform.monitored import is_monitored, monitors_needed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.model.environment import Environment
    from infra.model.platform import ObjectStore
    from infra.model.release import Release
    from infra.model.tools import Tool

NAME = "seaweedfs"
NAMESPACE = "seaweedfs"
_MASTER, _FILER = f"{NAME}-master.{NAMESPACE}:9333", f"{NAME}-filer-client.{NAMESPACE}:8888"  # the chart's Services
_LOGINS, _LOGINS_KEY = "logins", "seaweedfs_s3_config"  # the key is the chart's
_ADMINISTRATOR = "administrator"
_ADMINISTRATOR_SECRET = f"{MADE}:buckets-{_ADMINISTRATOR}"
_OWN = ("Read", "Write", "List", "Tagging")  # what a tool may do in its own buckets
_USER = 1000  # `seaweed` in the image
_FILES = 200  # how many files a server's room is cut into
_SMALLEST_FILE, _LARGEST_FILE = 1_000, 30_000  # MB; SeaweedFS' own values for small and for large stores


def object_store(environment: Environment, release: Release) -> Component:
    """Return the object store with the buckets of all tools that a document asks for."""
    asked = environment.platform.object_store
    assert asked is not None  # noqa: S101 - the table of tools says so
    tools = [tool for tool in tools_of(environment).values() if tool.buckets]
    backup = bucket_backup(environment, release, NAMESPACE, sorted(each for tool in tools for each in tool.buckets))
    logins = _logins(tools, with_reader=bool(backup.manifests))
    unfilled = logins.fill(dict.fromkeys(logins.sources, ""))
    return Component(
        NAME,
        NAMESPACE,
        needs=monitors_needed(environment),
        chart=True,
        values=_values(environment, asked, fingerprint(unfilled)),
        secrets=(logins, _administrator(), *backup.secrets),
        before=tuple(_budgets(asked)),
        after=(*_buckets(environment, release, tools), *backup.manifests),
    )


def s3_logins(tools: Iterable[Tool], keys: Mapping[str, str], *, with_reader: bool) -> dict[str, Any]:
    """Return who may do what, as SeaweedFS reads it; `keys` are secret access keys by source.

    An access key is called as its owner: the administrator, a tool's component, the one who reads all for copies.
    """
    everything = _login(_ADMINISTRATOR, keys[_ADMINISTRATOR_SECRET], ["Admin", *_OWN])
    own = [
        _login(tool.component, keys[_key(tool)], [f"{action}:{bucket}" for bucket in tool.buckets for action in _OWN])
        for tool in tools
    ]
    reader = [_login(READER, keys[READER_SECRET], ["Read", "List"])] if with_reader else []
    return {"identities": [everything, *own, *reader]}


def _login(name: str, secret: str, actions: list[str]) -> dict[str, Any]:
    return {"name": name, "credentials": [{"accessKey": name, "secretKey": secret}], "actions": actions}


def _logins(tools: list[Tool], *, with_reader: bool) -> FilledSecret:
    sources = (_ADMINISTRATOR_SECRET, *(_key(tool) for tool in tools), *([READER_SECRET] if with_reader else []))

    def filled(keys: Mapping[str, str]) -> dict[str, str]:
        return {_LOGINS_KEY: json.dumps(s3_logins(tools, keys, with_reader=with_reader), indent=2, sort_keys=True)}

    return FilledSecret(_LOGINS, sources, filled)


def _key(tool: Tool) -> str:
    return f"{MADE}:{name_of(bucket_secret(tool))}"


def _administrator() -> FilledSecret:
    """Return the Secret that people take the administrator's access key from."""

    def filled(keys: Mapping[str, str]) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": _ADMINISTRATOR, "AWS_SECRET_ACCESS_KEY": keys[_ADMINISTRATOR_SECRET]}

    return FilledSecret(_ADMINISTRATOR, (_ADMINISTRATOR_SECRET,), filled)


def _values(environment: Environment, asked: ObjectStore, configuration: str) -> dict[str, Any]:
    values = {
        "monitored": is_monitored(environment),
        "servers": asked.servers,
        "storage": f"{asked.storage_gib}Gi",
        "index_storage": f"{min(200, max(10, asked.storage_gib // 20))}Gi",
        "file_size": min(_LARGEST_FILE, max(_SMALLEST_FILE, asked.storage_gib * 1024 // _FILES)),
        "masters": _masters(asked),
        "gateways": _gateways(asked),
        "user": _USER,
        "logins": _LOGINS,
        "configuration": configuration,
    }
    return chart_values(f"platform/{NAME}", values)


def _masters(asked: ObjectStore) -> int:
    """Return how many masters there are: one, or as many as can do without one of them."""
    return 3 if asked.servers >= 3 else 1  # noqa: PLR2004 - a majority of three


def _gateways(asked: ObjectStore) -> int:
    return 2 if asked.servers > 1 else 1


def _budgets(asked: ObjectStore) -> Iterable[Manifest]:
    """Yield what keeps drained nodes from taking more than one of those that are there several times."""
    counts = {"master": _masters(asked), "volume": asked.servers, "s3": _gateways(asked)}
    for part, count in counts.items():
        if count > 1:
            labels = {"app.kubernetes.io/instance": NAME, "app.kubernetes.io/component": part}
            yield disruption_budget(f"{NAME}-{part}", NAMESPACE, labels)


def _buckets(environment: Environment, release: Release, tools: list[Tool]) -> tuple[Manifest, ...]:
    """Return the Job that makes the buckets: the chart's own is a hook of Helm's, which does not run."""
    wanted = [f"{bucket} {tool.component} {_quota(environment, tool)}" for tool in tools for bucket in tool.buckets]
    if not wanted:
        return ()
    container = {
        "name": "weed",
        "image": release.images[NAME].reference,
        "command": shell("platform/setup/buckets.sh"),
        "env": [
            {"name": "BUCKETS", "value": "\n".join(wanted)},
            {"name": "FILER", "value": _FILER},
            {"name": "MASTER", "value": _MASTER},
        ],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
    }
    pod = confined_pod(container, user=_USER, read_only=False, runAsGroup=_USER)  # weed without writing is untried
    spec = {"backoffLimit": 10, "activeDeadlineSeconds": 1800, "template": {"spec": pod}}
    return (manifest("Job", "batch/v1", f"buckets-{fingerprint(spec)[:10]}", NAMESPACE, spec=spec),)


def _quota(environment: Environment, tool: Tool) -> int:
    """Return the room that a tool's bucket has, in MiB; 0 for all there is."""
    registry = environment.platform.registry
    return registry.storage_gib * 1024 if registry is not None and tool.component == registry.kind else 0
