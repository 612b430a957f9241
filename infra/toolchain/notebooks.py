"""Notebooks: JupyterHub, whose pods run in a team's namespace, so that the team's quotas count them.

The hub stands in a namespace of its own. It may make pods and volumes where notebooks run, and nothing else there.
People of the team come in, and administrators, who can look after everybody's.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from infra.cluster.queues import LOCAL_QUEUE
from infra.components.component import GPU_LABEL, Component, FilledSecret, Manifest, chart_values, manifest
from infra.components.monitors import service_monitor
from infra.components.sources import HEX, MADE
from infra.components.stores import DATABASE_HOST, DATABASE_PORT, database_password
from infra.components.ways_in import DEX, client_secret
from infra.model.gpu_kinds import RESOURCE
from infra.model.people import administrators
from infra.model.tools import all_tools, tools_of
from infra.toolchain.data import ACCESS
from infra.toolchain.data import NAME as DATA
from infra.toolchain.experiments import ENDPOINT as EXPERIMENTS_ENDPOINT
from infra.toolchain.experiments import NAME as EXPERIMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.environment import Environment
    from infra.model.release import Image, Release
    from infra.model.toolchain import Notebooks, Profile
    from infra.model.tools import Address, Tool

NAME = "jupyterhub"
NAMESPACE = "jupyterhub"
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
_RBAC = "rbac.authorization.k8s.io"
_HUB = "hub"  # the chart's names
_SECRET, _DATABASE, _METRICS = "jupyterhub", "jupyterhub-database", "jupyterhub-metrics"
_PROXY_TOKEN = "proxyToken"  # noqa: S105 - the name of an entry
_COOKIE, _STATE = f"{HEX}:jupyterhub-cookies", f"{HEX}:jupyterhub-state"
_PROXY, _FIGURES = f"{MADE}:jupyterhub-proxy", f"{MADE}:jupyterhub-metrics"
_SCOPES = ["openid", "email", "profile", "groups"]


def jupyterhub(environment: Environment, release: Release) -> Component:
    """Return JupyterHub. Raises `ValueError` for an environment that asks for no notebooks."""
    asked = environment.toolchain.notebooks
    if asked is None:
        raise ValueError("an environment without notebooks")
    tool = all_tools()[NAME]
    (address,) = tool.addresses
    space = place(environment, asked)
    # the first one is proposed: let it be one that others' work does not wait for
    names = sorted(asked.profiles, key=lambda name: (asked.profiles[name].gpu is not None, name))
    values = {
        "hub": _hub(environment, asked, tool, address),
        "spawner": _spawner(space),
        "image": _image(release.images["notebook"]),
        "storage": f"{asked.storage_gib}Gi",
        "labels": {QUEUE_LABEL: LOCAL_QUEUE} if environment.cluster.queues else {},
        "variables": _variables(environment),
        "profiles": [_profile(release, name, asked.profiles[name]) for name in names],
    }
    monitor = (_monitor(),) if environment.platform.monitoring is not None else ()
    return Component(
        NAME,
        NAMESPACE,
        chart=True,
        values=chart_values(f"toolchain/{NAME}", values),
        secrets=_secrets(tool, address),
        before=_rights(space),
        after=monitor,
        change=with_own_token,
    )


def place(environment: Environment, asked: Notebooks) -> str:
    """Return the namespace that notebooks run in: the first one of their team, by name."""
    return min(environment.cluster.teams[asked.team].namespaces)


def with_own_token(each: Manifest) -> Manifest:
    """Return an object of the chart with the token of hub and proxy out of a Secret of ours.

    The chart has it among its values alone, where a secret can't be.
    """
    if each["kind"] != "Deployment":
        return each
    changed = deepcopy(dict(each))
    for container in changed["spec"]["template"]["spec"]["containers"]:
        for variable in container.get("env", []):
            if variable["name"] == "CONFIGPROXY_AUTH_TOKEN":
                variable["valueFrom"] = {"secretKeyRef": {"name": _SECRET, "key": _PROXY_TOKEN}}
    return changed


def _hub(environment: Environment, asked: Notebooks, tool: Tool, address: Address) -> dict[str, Any]:
    """Return what the hub is told: where its database is, and who may come in as what."""
    gateway, oidc = environment.cluster.gateway, environment.first_boot.api_server.oidc
    host = address.host(gateway.domain) if gateway is not None else ""
    issuer = oidc.issuer if oidc is not None else ""
    database = f"{DATABASE_HOST}:{DATABASE_PORT}/{tool.database}?sslmode=require"
    return {
        "database": f"postgresql://{tool.database}@{database}",
        "database_secret": _DATABASE,
        "secret": _SECRET,
        "client_secret": address.client,
        "authenticator": {
            "client_id": address.name,
            "oauth_callback_url": f"https://{host}{address.callbacks[0]}",
            "authorize_url": f"{issuer}/auth",
            "token_url": f"{DEX}/token",
            "userdata_url": f"{DEX}/userinfo",
            "scope": _SCOPES,
            "username_claim": "email",
            "auto_login": True,
            "manage_groups": True,
            "auth_state_groups_key": "oauth_user.groups",
            "allowed_groups": sorted(environment.cluster.teams[asked.team].members),
            "admin_groups": administrators(environment),
        },
        "url": f"http://{_HUB}.{NAMESPACE}.svc.cluster.local:8081",
    }


def _spawner(space: str) -> dict[str, Any]:
    """Return where and how pods are made: as a namespace that is `restricted` wants them."""
    return {
        "namespace": space,
        "container_security_context": {
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def _profile(release: Release, name: str, asked: Profile) -> dict[str, Any]:
    """Return one choice, as KubeSpawner has it; what is promised is kept free."""
    override: dict[str, Any] = {
        "cpu_guarantee": asked.cpus,
        "cpu_limit": asked.cpus,
        "mem_guarantee": f"{asked.memory_gib}G",  # its G are GiB
        "mem_limit": f"{asked.memory_gib}G",
    }
    if asked.gpu is not None:
        override |= {
            "image": release.images["notebook-gpu"].reference,
            "extra_resource_limits": {RESOURCE: "1"},
            "node_selector": {GPU_LABEL: asked.gpu},
            "tolerations": [{"key": RESOURCE, "operator": "Exists", "effect": "NoSchedule"}],
        }
    gpu = f", one {asked.gpu}" if asked.gpu is not None else ""
    description = f"{asked.cpus} CPUs, {asked.memory_gib} GiB{gpu}"
    return {"display_name": name, "slug": name, "description": description, "kubespawner_override": override}


def _image(image: Image) -> dict[str, str]:
    """Return an image as the chart has it: its tag is everything after the name."""
    return {"name": image.image, "tag": image.reference.removeprefix(f"{image.image}:")}


def _variables(environment: Environment) -> dict[str, Any]:
    """Return what notebooks know of other tools; the access key of lakeFS is in the namespace that they run in."""
    wanted = tools_of(environment)
    found: dict[str, Any] = {}
    if EXPERIMENTS in wanted:
        found["MLFLOW_TRACKING_URI"] = EXPERIMENTS_ENDPOINT
    if DATA in wanted:
        keys = ("SERVER_ENDPOINT_URL", "CREDENTIALS_ACCESS_KEY_ID", "CREDENTIALS_SECRET_ACCESS_KEY")
        for key in (f"LAKECTL_{each}" for each in keys):
            found[key] = {"name": key, "valueFrom": {"secretKeyRef": {"name": ACCESS, "key": key}}}
    return found


def _secrets(tool: Tool, address: Address) -> tuple[FilledSecret, ...]:
    password = database_password(tool)

    def own(values: Mapping[str, str]) -> dict[str, str]:
        return {
            "hub.config.JupyterHub.cookie_secret": values[_COOKIE],
            "hub.config.CryptKeeper.keys": values[_STATE],
            "hub.services.prometheus.apiToken": values[_FIGURES],
            _PROXY_TOKEN: values[_PROXY],
        }

    return (
        FilledSecret(_SECRET, (_COOKIE, _STATE, _FIGURES, _PROXY), own),
        FilledSecret(_DATABASE, (password,), lambda values: {"password": values[password]}),
        FilledSecret(_METRICS, (_FIGURES,), lambda values: {"token": values[_FIGURES]}),
        client_secret(address, "secret"),
    )


def _rights(space: str) -> tuple[Manifest, ...]:
    """Return the rights of the hub where notebooks run."""
    rules = [
        {
            "apiGroups": [""],
            "resources": ["pods", "persistentvolumeclaims"],
            "verbs": ["get", "watch", "list", "create", "delete"],
        },
        {"apiGroups": [""], "resources": ["events"], "verbs": ["get", "watch", "list"]},
    ]
    role = {"apiGroup": _RBAC, "kind": "Role", "name": NAME}
    hub = {"kind": "ServiceAccount", "name": _HUB, "namespace": NAMESPACE}
    return (
        manifest("Role", f"{_RBAC}/v1", NAME, space, rules=rules),
        manifest("RoleBinding", f"{_RBAC}/v1", NAME, space, roleRef=role, subjects=[hub]),
    )


def _monitor() -> Manifest:
    """Return where Prometheus reads figures; the gateway leads there, too, so they are asked for with a token."""
    labels = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/component": _HUB}
    token = {"type": "token", "credentials": {"name": _METRICS, "key": "token"}}
    return service_monitor(NAME, NAMESPACE, labels, port="hub", path="/hub/metrics", authorization=token)
