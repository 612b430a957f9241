"""The teams' applications and models, as seen by the platform: figures, alerts, dashboards, and whom they may talk to.

A pod of a team is watched when it has the label `slipway.dev/metrics: "true"` and a port named `metrics` (9090, or 8080
where it serves, too: the table of links has these two). Models of KServe are watched without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.component import LABEL_PREFIX, Component, Manifest
from infra.components.monitors import pod_monitor
from infra.components.network_policy import team_policy
from infra.components.teams import team_namespaces
from infra.platform.watch import watch
from infra.toolchain.serving import MODEL_PORT

if TYPE_CHECKING:
    from infra.model.environment import Environment
    from infra.model.release import Release

NAME, NAMESPACE = "applications", "application-monitoring"
METRICS_LABEL = f"{LABEL_PREFIX}/metrics"
_MODEL_LABEL = "serving.kserve.io/inferenceservice"  # KServe's, on every pod of a model


def applications(environment: Environment, release: Release) -> Component:  # noqa: ARG001 - every tool is made of both
    """Return what watches applications and models; their namespaces' policies stand before it."""
    spaces = team_namespaces(environment)
    return Component(
        NAME,
        NAMESPACE,
        before=tuple(team_policy(environment, each) for each in spaces),
        after=(*watch("toolchain", NAMESPACE), *(_figures(environment, spaces) if spaces else ())),
    )


def _figures(environment: Environment, spaces: tuple[str, ...]) -> tuple[Manifest, ...]:
    asked = {"matchLabels": {METRICS_LABEL: "true"}}
    found = [pod_monitor("pods-of-teams", NAMESPACE, asked, spaces=spaces, port="metrics")]
    if environment.toolchain.serving is not None:
        models = {"matchExpressions": [{"key": _MODEL_LABEL, "operator": "Exists"}]}
        found.append(pod_monitor("models", NAMESPACE, models, spaces=spaces, portNumber=MODEL_PORT))
    return tuple(found)
