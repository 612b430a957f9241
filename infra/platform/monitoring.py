"""Figures, alerts and dashboards: Prometheus, Alertmanager and Grafana, with the operator that runs the first two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.authorities import authorities, trust_of_pods
from infra.components.component import (
    GPU_LABEL,
    NODE_POOL_LABEL,
    TEAM_LABEL,
    Component,
    FilledSecret,
    Manifest,
    chart_values,
    manifest,
)
from infra.components.sources import MADE
from infra.components.ways_in import DEX, client_secret
from infra.model.people import administrators, everyone
from infra.model.tools import reachable, tools_of
from infra.platform.alerting import SECRET as ALERTMANAGER_SECRET
from infra.platform.alerting import alert_secret, is_told
from infra.platform.logs import URL as LOKI
from infra.platform.monitored import MONITORING
from infra.platform.scraping import monitors
from infra.platform.telemetry import NAMES, nodes
from infra.platform.watch import FOLDER_ANNOTATION, watch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.model.tools import Address

NAME = MONITORING
GRAFANA_SECRET, _GRAFANA_ROLE = "grafana", "grafana-dashboards"
_PASSWORD, _ENCRYPTION_KEY = f"{MADE}:grafana-administrator", f"{MADE}:grafana-encryption-key"
_CLIENT_KEY = "clientSecret"
_RUN_BY_THE_OPERATOR = ("prometheus", "alertmanager", "prometheus-config-reloader")  # images of the release
_KEPT_SHARE = 0.85  # of the volume: the rest is for what is being written and put together
# Alerts of the chart that templates/platform/rules has one each for.
_TOLD_BY_US = [
    "KubeNodeNotReady",
    "KubeNodePressure",
    "KubePersistentVolumeFillingUp",
    "NodeFilesystemAlmostOutOfFiles",
    "NodeFilesystemAlmostOutOfSpace",
    "NodeMemoryHighUtilization",
    "TargetDown",
]


def monitoring(environment: Environment, release: Release) -> Component:
    """Return Prometheus, Alertmanager and Grafana with the rules and dashboards of this layer.

    node-exporter looks at its node from outside any container: its namespace has to allow that.
    """
    asked = environment.platform.monitoring
    assert asked is not None  # noqa: S101 - the table of tools says so
    tool = tools_of(environment)[NAME]
    addresses = {each.name: each for each in reachable(environment, tool)}
    client = addresses.get("grafana") if environment.cluster.sign_in is not None else None
    clients = (client_secret(client, _CLIENT_KEY),) if client is not None else ()
    return Component(
        NAME,
        tool.namespace,
        chart=True,
        privileged=True,
        values=chart_values(f"platform/{NAME}", _values(environment, release, client)),
        secrets=(_grafana_secret(), alert_secret(environment, asked.alerts), *clients),
        before=(_grafana_role(), *(authorities(environment, tool.namespace) if is_told(asked.alerts) else ())),
        after=(*monitors(environment, tool.namespace), *watch("platform", tool.namespace, _not_asked_for(environment))),
    )


def _values(environment: Environment, release: Release, client: Address | None) -> dict[str, Any]:
    asked = environment.platform.monitoring
    assert asked is not None  # noqa: S101 - the table of tools says so
    return {
        "environment": environment.name,
        "addresses": _urls(environment),
        "images": {name: _image(release, name) for name in _RUN_BY_THE_OPERATOR},
        "certificates": environment.cluster.certificates is not None,
        "told_by_us": _TOLD_BY_US,
        "keep_days": asked.keep_days,
        "keep_mib": int(asked.storage_gib * 1024 * _KEPT_SHARE),
        "storage_gib": asked.storage_gib,
        "memory_mib": 1024 + 128 * nodes(environment),
        "promoted": sorted(NAMES),
        "alertmanagers": 2 if environment.untainted_workers() > 1 else 1,
        "alertmanager_secret": ALERTMANAGER_SECRET,
        "trust": trust_of_pods(environment) if is_told(asked.alerts) else {"env": []},
        "node_labels": [NODE_POOL_LABEL, GPU_LABEL],
        "namespace_labels": [TEAM_LABEL],
        "grafana_secret": GRAFANA_SECRET,
        "grafana_role": _GRAFANA_ROLE,
        "grafana_variables": _variables(client),
        "folder_annotation": FOLDER_ANNOTATION,
        "logs": LOKI if asked.logs is not None else "",
        "sign_in": _sign_in(environment, client) if client is not None else {},
    }


def _image(release: Release, name: str) -> dict[str, str]:
    """Return an image as the chart takes it apart. No container names it, so that nothing else would pin it."""
    image = release.images[name]
    registry, _, repository = image.image.partition("/")
    digest = (image.digest or "").removeprefix("sha256:")
    return {"registry": registry, "repository": repository, "tag": image.tag, "sha": digest}


def _urls(environment: Environment) -> dict[str, str]:
    """Return the URLs that people see; they are empty where only the cluster reaches it."""
    gateway = environment.cluster.gateway
    found = {each.name: "" for each in tools_of(environment)[NAME].addresses}
    if gateway is not None:
        for each in reachable(environment, tools_of(environment)[NAME]):
            found[each.name] = f"https://{each.host(gateway.domain)}"
    return found


def _grafana_secret() -> FilledSecret:
    """Return the Secret with Grafana's own administrator, a way in when Dex is away, and the key it encrypts with."""
    keys = {"admin-password": _PASSWORD, "encryption-key": _ENCRYPTION_KEY}
    return FilledSecret(
        GRAFANA_SECRET,
        (_PASSWORD, _ENCRYPTION_KEY),
        lambda values: {"admin-user": "admin", **{key: values[source] for key, source in keys.items()}},
    )


def _grafana_role() -> Manifest:
    """Return what Grafana's helpers may read: ConfigMaps, of which some are dashboards, and no Secrets."""
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]
    return manifest("ClusterRole", "rbac.authorization.k8s.io/v1", _GRAFANA_ROLE, rules=rules)


def _variables(client: Address | None) -> dict[str, Any]:
    sources = {"GF_SECURITY_SECRET_KEY": (GRAFANA_SECRET, "encryption-key")}
    if client is not None:
        sources["GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET"] = (client.client, _CLIENT_KEY)
    return {name: {"secretKeyRef": {"name": secret, "key": key}} for name, (secret, key) in sources.items()}


def _sign_in(environment: Environment, client: Address) -> dict[str, Any]:
    """Return how Grafana asks Dex who somebody is: browsers by its outer address, Grafana itself inside the cluster."""
    oidc = environment.first_boot.api_server.oidc
    assert oidc is not None  # noqa: S101 - a document with sign-in has one
    return {
        "enabled": True,
        "name": "Dex",
        "client_id": client.name,
        "scopes": "openid email profile groups",
        "auth_url": f"{oidc.issuer}/auth",
        "token_url": f"{DEX}/token",
        "api_url": f"{DEX}/userinfo",
        "use_pkce": True,
        "login_attribute_path": "email",
        "role_attribute_path": role_path(environment),
        "role_attribute_strict": True,
        "allow_assign_grafana_admin": True,
    }


def role_path(environment: Environment) -> str:
    """Return the JMESPath expression that finds somebody's role in Grafana; without one nobody is let in.

    Administrators may do everything, teams' members make dashboards, whoever else the document names looks.
    """
    teams = environment.cluster.teams.values()
    members = {group for team in teams for group in team.members}
    roles = {
        "GrafanaAdmin": administrators(environment),
        "Editor": sorted(members - set(administrators(environment))),
        "Viewer": sorted(set(everyone(environment)) - members - set(administrators(environment))),
    }
    return " || ".join(f"({_any_of(groups)}) && '{role}'" for role, groups in roles.items() if groups)


def _any_of(groups: Iterable[str]) -> str:
    return " || ".join(f"contains(groups[*], '{group}')" for group in groups)


def _not_asked_for(environment: Environment) -> tuple[str, ...]:
    """Return the alerts that would never fall silent: of backups and figures that a document does not ask for."""
    gpu = environment.cluster.gpu
    found = [] if environment.platform.backups is not None else ["DatabaseNeverBackedUp"]
    return (*found, *([] if gpu is not None and gpu.metrics else ["GpuMetricsMissing"]))
