"""Runs, metrics and the model registry: MLflow, with its artefacts in the object store.

MLflow's own sign-in knows passwords of its own and rights for each experiment and person, neither of which would follow
the directory: it is off. People are let in by the gateway. Programs of the pipelines and of teams come without a login,
and nobody else's pods can: the network refuses them. So teams see each other's runs and models. What they write they
send to MLflow, which alone has the key of the bucket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.component import Component, FilledSecret, chart_values
from infra.components.monitors import service_monitor
from infra.components.replicas import disruption_budget, replicas
from infra.components.sources import HEX
from infra.components.stores import (
    DATABASE_HOST,
    DATABASE_PORT,
    OBJECT_STORE,
    REGION,
    bucket_secret,
    database_password,
)
from infra.model.tools import all_tools, reachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.model.tools import Tool

NAME = "mlflow"
NAMESPACE = "mlflow"
PORT = 5000  # of its pods
ENDPOINT = "http://mlflow.mlflow.svc.cluster.local"
_LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/instance": NAME}
_SESSION_KEY = f"{HEX}:mlflow-session"


def mlflow(environment: Environment, release: Release) -> Component:  # noqa: ARG001 - its image is the chart's
    """Return MLflow."""
    tool = all_tools()[NAME]
    count = replicas(environment)
    outside = _outside(environment, tool)
    values = {
        "replicas": count,
        "database": tool.database,
        "database_host": DATABASE_HOST,
        "database_port": DATABASE_PORT,
        "bucket": tool.buckets[0],
        "object_store": OBJECT_STORE,
        "region": REGION,
        "hosts": allowed_hosts(outside),
        "origins": [f"https://{host}" for host in outside],
    }
    budget = (disruption_budget(NAME, NAMESPACE, _LABELS),) if count > 1 else ()
    monitor = (service_monitor(NAME, NAMESPACE, _LABELS, port="http", path="/metrics"),)
    return Component(
        NAME,
        NAMESPACE,
        chart=True,
        values=chart_values(f"toolchain/{NAME}", values),
        secrets=tuple(_secrets(tool)),
        before=budget,
        after=monitor if environment.platform.monitoring is not None else (),
    )


def allowed_hosts(outside: list[str]) -> list[str]:
    """Return the names that MLflow lets itself be called by: others may lead a browser to it that means somebody else.

    Prometheus calls pods by their address, which nobody from outside can: those names end with the pods' port.
    """
    inside = [f"{NAME}.{NAMESPACE}{end}" for end in ("", ".svc", ".svc.cluster.local")]
    return [*outside, *inside, f"*:{PORT}"]


def _outside(environment: Environment, tool: Tool) -> list[str]:
    gateway = environment.cluster.gateway
    if gateway is None:
        return []
    return [address.host(gateway.domain) for address in reachable(environment, tool)]


def _secrets(tool: Tool) -> Iterator[FilledSecret]:
    password, secret_key = database_password(tool), bucket_secret(tool)

    def database(values: Mapping[str, str]) -> dict[str, str]:
        return {"username": tool.database, "password": values[password]}

    def buckets(values: Mapping[str, str]) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": tool.component, "AWS_SECRET_ACCESS_KEY": values[secret_key]}

    def session(values: Mapping[str, str]) -> dict[str, str]:
        # all of its containers read this Secret, and no other place of the chart is read by the one that migrates
        return {"MLFLOW_FLASK_SERVER_SECRET_KEY": values[_SESSION_KEY], "PGSSLMODE": "require"}

    yield FilledSecret("mlflow-database", (password,), database)
    yield FilledSecret("mlflow-buckets", (secret_key,), buckets)
    # the chart makes it of chance, in a hook
    yield FilledSecret("mlflow-flask-server-secret-key", (_SESSION_KEY,), session)
