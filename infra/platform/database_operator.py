"""What runs databases: CloudNativePG's operator.

It makes the certificate of its webhooks itself when it runs, and puts the authority into their configurations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.component import Component, chart_values, manifest
from infra.components.replicas import disruption_budget, replicas
from infra.platform.monitored import is_monitored, monitors_needed

if TYPE_CHECKING:
    from infra.model.environment import Environment
    from infra.model.release import Release

NAME = "cloudnative-pg"
NAMESPACE = "cnpg-system"
API = "postgresql.cnpg.io/v1"
_LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/instance": NAME}  # the chart's, of its pods


def database_operator(environment: Environment, _release: Release) -> Component:
    """Return the operator of databases; there are two of it where databases have more than one server."""
    count = replicas(environment)
    values = {"replicas": count, "labels": _LABELS, "monitored": is_monitored(environment)}
    probe = manifest("Cluster", API, "probe", NAMESPACE, spec={"instances": 1, "storage": {"size": "1Gi"}})
    return Component(
        NAME,
        NAMESPACE,
        needs=monitors_needed(environment),
        chart=True,
        values=chart_values(f"platform/{NAME}", values),
        before=(disruption_budget(NAME, NAMESPACE, _LABELS),) if count > 1 else (),
        probe=(f"/apis/{API}/namespaces/{NAMESPACE}/clusters", probe),
    )
