"""What brings logs and figures from every node to where they are kept: the OpenTelemetry collector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.component import Component, chart_values
from infra.model.tools import tools_of
from infra.platform.monitored import MONITORING

if TYPE_CHECKING:
    from infra.model.environment import Environment
    from infra.model.release import Release

NAME = "opentelemetry-collector"
# Labels of what is kept, and OpenTelemetry's names for the same: scraped figures have the labels, too.
NAMES = {
    "container": "k8s.container.name",
    "namespace": "k8s.namespace.name",
    "node": "k8s.node.name",
    "pod": "k8s.pod.name",
}
_CLAIMS = ("k8s.namespace.name", "k8s.node.name", "k8s.pod.ip", "k8s.pod.name", "k8s.pod.uid")
_PROMETHEUS = "http://kube-prometheus-stack-prometheus.monitoring.svc.cluster.local:9090/api/v1/otlp"
_LOKI = "http://loki.loki.svc.cluster.local:3100/otlp"


def telemetry(environment: Environment, release: Release) -> Component:  # noqa: ARG001 - every tool is made of both
    """Return the collector. Where logs are kept it reads files of its nodes, which its namespace has to allow."""
    asked = environment.platform.monitoring
    assert asked is not None  # noqa: S101 - the table of tools says so
    with_logs = asked.logs is not None
    values = {
        "logs": _LOKI if with_logs else "",
        "prometheus": _PROMETHEUS,
        "names": NAMES,
        "claims": sorted({*_CLAIMS, *NAMES}),
    }
    return Component(
        NAME,
        tools_of(environment)[NAME].namespace,
        needs=(MONITORING, *(("loki",) if with_logs else ())),
        chart=True,
        privileged=with_logs,
        values=chart_values(f"platform/{NAME}", values),
    )


def nodes(environment: Environment) -> int:
    """Return how many nodes there are: what is told of them grows with their number."""
    return environment.control_plane.count + sum(pool.count for pool in environment.node_pools.values())
