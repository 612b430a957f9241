"""Repositories of code: Gitea, with an organization for each team, and `platform` with the environments themselves.

Who is in which organization follows from the groups of people's tokens, anew with every sign-in. Repositories are read
and written over HTTPS through the gateway; there is no SSH.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from infra.components.authorities import authorities, trust_of_pods
from infra.components.component import Component, FilledSecret, Manifest, chart_values
from infra.components.monitors import service_monitor
from infra.components.setup_job import setup_job
from infra.components.sources import BELOW, HEX, MADE
from infra.components.stores import DATABASE_HOST, DATABASE_PORT, database_password
from infra.model.tools import all_tools
from infra.toolchain.code_backup import repository_backup, repository_backup_secret
from infra.toolchain.code_organizations import (
    ADMINISTRATOR,
    code_address,
    desired_state,
    first_administrators,
    group_team_map,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.model.environment import Environment
    from infra.model.release import Release

NAME = "gitea"
NAMESPACE = "gitea"
CODE = "http://gitea-http.gitea.svc.cluster.local:3000"  # inside the cluster
BUILDS_PASSWORD = f"{MADE}:gitea-builds"  # of the technical user that pipelines read repositories as
WEBHOOK = f"{MADE}:gitea-webhook"  # signs what Gitea tells Argo Events
WEBHOOK_HOST = "gitea-eventsource-svc.argo-events.svc.cluster.local"
_ADMIN, _BOT = f"{MADE}:gitea-admin", f"{MADE}:gitea-bot"
_SECRET_KEY, _INTERNAL, _TOKENS = f"{HEX}:gitea-secret-key", f"{HEX}:gitea-internal", f"{MADE}:gitea-tokens"
_METRICS = f"{MADE}:gitea-metrics"
_LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/instance": NAME}
# What Gitea's configuration has of Secrets: variable (`GITEA__<section>__<key>`), Secret, its entry.
_SETTINGS = {
    "GITEA__DATABASE__PASSWD": ("gitea-database", "password"),
    "GITEA__SECURITY__SECRET_KEY": ("gitea-keys", "secretKey"),
    "GITEA__SECURITY__INTERNAL_TOKEN": ("gitea-keys", "internalToken"),
    "GITEA__OAUTH2__JWT_SECRET": ("gitea-keys", "jwtSecret"),
    "GITEA__METRICS__TOKEN": ("gitea-metrics", "token"),
}


def gitea(environment: Environment, release: Release) -> Component:
    """Return Gitea, its organizations, and what it tells the pipelines."""
    address = code_address()
    gateway = environment.cluster.gateway
    host = address.host(gateway.domain) if gateway is not None else ""
    metrics = environment.platform.monitoring is not None
    asked = environment.toolchain.code
    values = {
        "storage": f"{asked.storage_gib if asked is not None else 0}Gi",
        "host": host,
        "root_url": f"https://{host}/",
        "email": f"{ADMINISTRATOR}@{host}",
        "no_reply": f"noreply.{host}",
        "administrator": "gitea-admin",
        "database": all_tools()[NAME].database,
        "database_host": f"{DATABASE_HOST}:{DATABASE_PORT}",
        "settings": _SETTINGS,
        "metrics": metrics,
        "sign_in": _sign_in(environment),
        "webhooks_to": WEBHOOK_HOST,
        "trust": trust_of_pods(environment),
    }
    job = setup_job(
        release,
        script="toolchain/setup/gitea.py",
        namespace=NAMESPACE,
        desired=desired_state(environment, f"http://{WEBHOOK_HOST}:12000/push"),
        secrets=("gitea-setup",),
        variables={"SETUP_URL": CODE, "SETUP_USER": ADMINISTRATOR},
    )
    return Component(
        NAME,
        NAMESPACE,
        chart=True,
        values=chart_values(f"toolchain/{NAME}", values),
        secrets=tuple(_secrets(environment)),
        before=authorities(environment, NAMESPACE),
        after=(*((_monitor(),) if metrics else ()), *job, *repository_backup(environment, release, _LABELS)),
    )


def _sign_in(environment: Environment) -> dict[str, str] | None:
    """Return the authentication source that people come from; the chart makes flags of a command of these.

    Gitea takes one group for its administrators: the other groups own all organizations, which is all but Gitea's own
    settings.
    """
    oidc = environment.first_boot.api_server.oidc
    if environment.cluster.sign_in is None or oidc is None:
        return None
    found = {
        "name": "dex",  # stands in the address that Dex sends people back to
        "provider": "openidConnect",
        "existingSecret": code_address().client,
        "autoDiscoverUrl": f"{oidc.issuer}/.well-known/openid-configuration",
        "groupClaimName": "groups",
        "groupTeamMap": group_team_map(environment),
        "groupTeamMapRemoval": "true",
    }
    group = first_administrators(environment)
    return found | ({"adminGroup": group} if group else {})


def _secrets(environment: Environment) -> Iterator[FilledSecret]:
    password = database_password(all_tools()[NAME])

    def keys(values: Mapping[str, str]) -> dict[str, str]:
        # Gitea wants 32 bytes for signing tokens, in base64 for addresses, without its padding
        tokens = base64.urlsafe_b64encode(values[_TOKENS].encode()).decode().rstrip("=")
        return {"secretKey": values[_SECRET_KEY], "internalToken": values[_INTERNAL], "jwtSecret": tokens}

    def setup(values: Mapping[str, str]) -> dict[str, str]:
        return {
            "SETUP_PASSWORD": values[_ADMIN],
            "GITEA_ARGO_CD_PASSWORD": values[_BOT],
            "GITEA_BUILDS_PASSWORD": values[BUILDS_PASSWORD],
            "GITEA_WEBHOOK_SECRET": values[WEBHOOK],
        }

    yield FilledSecret("gitea-database", (password,), lambda values: {"password": values[password]})
    yield FilledSecret("gitea-keys", (_SECRET_KEY, _INTERNAL, _TOKENS), keys)
    yield FilledSecret("gitea-admin", (_ADMIN,), lambda values: {"username": ADMINISTRATOR, "password": values[_ADMIN]})
    yield FilledSecret("gitea-metrics", (_METRICS,), lambda values: {"token": values[_METRICS]})
    yield FilledSecret("gitea-setup", (_ADMIN, _BOT, BUILDS_PASSWORD, WEBHOOK), setup)
    yield from repository_backup_secret(environment)
    if _sign_in(environment) is not None:
        address = code_address()
        client = f"{BELOW}:{address.client}"
        yield FilledSecret(address.client, (client,), lambda values: {"key": address.name, "secret": values[client]})


def _monitor() -> Manifest:
    """Return what makes Prometheus read figures, which all could read at the gateway if there were no token."""
    credentials = {"type": "Bearer", "credentials": {"name": "gitea-metrics", "key": "token"}}
    return service_monitor(NAME, NAMESPACE, _LABELS, port="http", path="/metrics", authorization=credentials)
