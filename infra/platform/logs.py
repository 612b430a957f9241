"""What pods say, kept and searched: Loki, which keeps it in the object store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.component import Component, FilledSecret, chart_values
from infra.components.stores import OBJECT_STORE, REGION, bucket_secret
from infra.model.tools import tools_of
from infra.platform.monitored import MONITORING
from infra.platform.telemetry import NAMES, nodes

if TYPE_CHECKING:
    from infra.model.environment import Environment
    from infra.model.release import Release

NAME = "loki"
URL = "http://loki.loki.svc.cluster.local:3100"
SECRET = "loki-buckets"  # noqa: S105 - the name of an object
_KEY, _SECRET_KEY = "LOKI_ACCESS_KEY", "LOKI_SECRET_KEY"  # variables of its environment
_SEARCHED = ("namespace", "container")  # what logs are found by at once; the rest stands beside each line


def logs(environment: Environment, release: Release) -> Component:  # noqa: ARG001 - every tool is made of both
    """Return what keeps logs."""
    asked = environment.platform.monitoring
    assert asked is not None  # noqa: S101 - the table of tools says so
    assert asked.logs is not None  # noqa: S101 - the table of tools says so
    tool = tools_of(environment)[NAME]
    password = bucket_secret(tool)
    values = {
        "bucket": tool.buckets[0],
        "endpoint": OBJECT_STORE,
        "region": REGION,
        "key_variable": _KEY,
        "secret_variable": _SECRET_KEY,
        "secret": SECRET,
        "keep_days": asked.logs.keep_days,
        "labels": [*(name for name in sorted(NAMES) if name in _SEARCHED), "service.name"],
        "memory_mib": 512 + 64 * nodes(environment),
    }
    return Component(
        NAME,
        tool.namespace,
        needs=(MONITORING, "seaweedfs"),
        chart=True,
        values=chart_values(f"platform/{NAME}", values),
        secrets=(FilledSecret(SECRET, (password,), lambda found: {_KEY: NAME, _SECRET_KEY: found[password]}),),
    )
