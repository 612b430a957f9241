"""What runs pipelines: Argo Workflows, for the namespace of builds and those of the teams.

Runs are kept in the cluster and in PostgreSQL for the document's days; logs and artefacts in the object store go with
their run. All namespaces share one access key of that bucket: who may read Secrets in one may read every run's files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.authorities import authorities, trust_of_pods
from infra.components.component import Component, FilledSecret, chart_values
from infra.components.monitors import service_monitor
from infra.components.replicas import replicas
from infra.components.stores import (
    DATABASE_HOST,
    DATABASE_PORT,
    OBJECT_STORE_HOST,
    OBJECT_STORE_PORT,
    REGION,
    bucket_secret,
    database_password,
)
from infra.components.teams import team_namespaces
from infra.components.ways_in import client_secret
from infra.model.tools import all_tools
from infra.toolchain.pipeline_accounts import (
    BUCKETS,
    RUNNER,
    accounts_first,
    peoples_accounts,
    peoples_tokens,
    runner,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.model.toolchain import Pipelines

NAME = "argo-workflows"
NAMESPACE = "argo-workflows"
_DATABASE = "argo-workflows-database"
_LABELS = {"app.kubernetes.io/name": "argo-workflows-workflow-controller", "app.kubernetes.io/instance": NAME}


def argo_workflows(environment: Environment, release: Release) -> Component:
    """Return Argo Workflows, with the accounts that pipelines of teams run as, and those that people look with."""
    tool, asked = all_tools()[NAME], _asked(environment)
    (address,) = tool.addresses
    gateway, oidc = environment.cluster.gateway, environment.first_boot.api_server.oidc
    signs_in = environment.cluster.sign_in is not None and oidc is not None
    metrics = environment.platform.monitoring is not None
    executor = release.images["argo-executor"]
    values = {
        "replicas": replicas(environment),
        "parallel": asked.parallel,
        "keep_days": asked.keep_days,
        "metrics": metrics,
        "database": tool.database,
        "database_host": DATABASE_HOST,
        "database_port": DATABASE_PORT,
        "database_secret": _DATABASE,
        "runner": RUNNER,
        "executor_tag": executor.reference.removeprefix(f"{executor.image}:"),
        "modes": ["client", *(["sso"] if signs_in else [])],
        "issuer": oidc.issuer if signs_in and oidc is not None else "",
        "client_secret": address.client,
        "redirect_url": f"https://{address.host(gateway.domain)}{address.callbacks[0]}" if gateway is not None else "",
        "readable_secrets": [address.client, *peoples_tokens()],
        "trust": trust_of_pods(environment),
        "object_store": f"{OBJECT_STORE_HOST}:{OBJECT_STORE_PORT}",
        "region": REGION,
        "bucket": tool.buckets[0],
        "bucket_secret": BUCKETS,
    }
    monitor = (service_monitor(NAME, NAMESPACE, _LABELS, port="metrics", path="/metrics", honorLabels=True),)
    runners = (each for space in team_namespaces(environment) for each in runner(space))
    accounts, others = accounts_first([*runners, *peoples_accounts(environment, signs_in=signs_in)])
    client = (client_secret(address, "client-secret", **{"client-id": address.name}),) if signs_in else ()
    return Component(
        NAME,
        NAMESPACE,
        chart=True,
        values=chart_values(f"toolchain/{NAME}", values),
        secrets=(*client, _database(), *bucket_secrets(environment)),
        before=(*(authorities(environment, NAMESPACE) if signs_in else ()), *accounts),
        after=(*(monitor if metrics else ()), *others),
    )


def _asked(environment: Environment) -> Pipelines:
    asked = environment.toolchain.pipelines
    if asked is None:
        raise ValueError(f"{environment.name} has no pipelines")
    return asked


def _database() -> FilledSecret:
    tool = all_tools()[NAME]
    password = database_password(tool)
    return FilledSecret(
        _DATABASE, (password,), lambda values: {"username": tool.database, "password": values[password]}
    )


def bucket_secrets(environment: Environment) -> Iterator[FilledSecret]:
    """Yield the access key of the pipelines' bucket, for Argo Workflows and every namespace of a team."""
    yield bucket_login()
    for space in team_namespaces(environment):
        yield bucket_login(space)


def bucket_login(namespace: str = "") -> FilledSecret:
    """Return the access key of the pipelines' bucket: pods of a workflow read it in their own namespace."""
    tool = all_tools()[NAME]
    source = bucket_secret(tool)

    def filled() -> Callable[[Mapping[str, str]], dict[str, str]]:
        return lambda values: {"accessKey": tool.component, "secretKey": values[source]}

    return FilledSecret(BUCKETS, (source,), filled(), namespace=namespace)
