"""Data in versions: lakeFS over the object store, a repository for each team.

Without a licence lakeFS knows one user, and neither sign-on nor rights: people sign in at the gateway first, then with
the access key. Everybody who has it may do everything in lakeFS, in the repositories of other teams, too. So it is only
where the work of teams runs: a Secret `lakefs` in each of their namespaces, which their members may read, and in the
one of the pipelines. Branch `main` takes nothing but merges, from anybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.component import Component, FilledSecret, Manifest, chart_values
from infra.components.monitors import service_monitor
from infra.components.replicas import disruption_budget, replicas
from infra.components.setup_job import setup_job
from infra.components.sources import MADE
from infra.components.stores import (
    DATABASE_HOST,
    DATABASE_PORT,
    OBJECT_STORE,
    REGION,
    bucket_secret,
    database_password,
)
from infra.model.tools import all_tools, tools_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.model.tools import Tool

NAME = "lakefs"
NAMESPACE = "lakefs"
ACCESS = "lakefs"  # the Secret that programs log in with
ENDPOINT = "http://lakefs.lakefs.svc.cluster.local"
PIPELINES = "builds"
_LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/instance": NAME}
_ACCESS_KEY = "slipway"  # its S3 takes names of 3 to 20 characters
_SECRET_KEY = f"{MADE}:lakefs-access"
_ENCRYPTION, _SIGNING = f"{MADE}:lakefs-encryption", f"{MADE}:lakefs-signing"
_SHORTEST = 3  # letters of a repository's name


def lakefs(environment: Environment, release: Release) -> Component:
    """Return lakeFS, with its repositories and the Secrets that programs log in with."""
    tool = all_tools()[NAME]
    wanted = tools_of(environment)
    count = replicas(environment)
    values = {"replicas": count, "object_store": OBJECT_STORE, "region": REGION}
    budget = (disruption_budget(NAME, NAMESPACE, _LABELS),) if count > 1 else ()
    monitor = (service_monitor(NAME, NAMESPACE, _LABELS, port="http", path="/metrics"),)
    return Component(
        NAME,
        NAMESPACE,
        needs=(PIPELINES,) if PIPELINES in wanted else (),
        chart=True,
        values=chart_values(f"toolchain/{NAME}", values),
        secrets=(*_own_secrets(tool), *_access(environment)),
        before=budget,
        after=(
            *(monitor if environment.platform.monitoring is not None else ()),
            *_repositories(environment, release, tool.buckets[0]),
        ),
    )


def repository(team: str) -> str:
    """Return the name of a team's repository: the team's; lakeFS takes none of less than three letters."""
    return team if len(team) >= _SHORTEST else f"{team}-data"


def _own_secrets(tool: Tool) -> Iterator[FilledSecret]:
    password, secret_key = database_password(tool), bucket_secret(tool)
    server = f"{DATABASE_HOST}:{DATABASE_PORT}/{tool.database}?sslmode=require"

    def database(values: Mapping[str, str]) -> dict[str, str]:
        address = f"postgres://{tool.database}:{values[password]}@{server}"
        return {"database_connection_string": address, "auth_encrypt_secret_key": values[_ENCRYPTION]}

    def buckets(values: Mapping[str, str]) -> dict[str, str]:
        return {"accessKey": tool.component, "secretKey": values[secret_key], "signingKey": values[_SIGNING]}

    def administrator(values: Mapping[str, str]) -> dict[str, str]:
        return {"SETUP_USER": _ACCESS_KEY, "SETUP_PASSWORD": values[_SECRET_KEY]}

    yield FilledSecret("lakefs-database", (password, _ENCRYPTION), database)
    yield FilledSecret("lakefs-buckets", (secret_key, _SIGNING), buckets)
    yield FilledSecret("lakefs-setup", (_SECRET_KEY,), administrator)


def _access(environment: Environment) -> Iterator[FilledSecret]:
    """Yield what programs log in with: its entries are variables that lakectl and lakeFS' Python package read."""

    def filled(values: Mapping[str, str]) -> dict[str, str]:
        return {
            "LAKECTL_SERVER_ENDPOINT_URL": ENDPOINT,
            "LAKECTL_CREDENTIALS_ACCESS_KEY_ID": _ACCESS_KEY,
            "LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY": values[_SECRET_KEY],
        }

    spaces = {space for team in environment.cluster.teams.values() for space in team.namespaces}
    if PIPELINES in tools_of(environment):
        spaces.add(all_tools()[PIPELINES].namespace)
    for space in sorted(spaces):
        yield FilledSecret(ACCESS, (_SECRET_KEY,), filled, namespace=space)


def _repositories(environment: Environment, release: Release, bucket: str) -> tuple[Manifest, ...]:
    wanted = [
        {
            "name": repository(team),
            "storage_namespace": f"s3://{bucket}/{repository(team)}",
            "default_branch": "main",
            "protected_branches": ["main"],
        }
        for team in sorted(environment.cluster.teams)
    ]
    return setup_job(
        release,
        script="toolchain/setup/lakefs.py",
        namespace=NAMESPACE,
        desired={"administrator": "admin", "repositories": wanted},
        secrets=("lakefs-setup",),
        variables={"SETUP_URL": ENDPOINT},
    )
