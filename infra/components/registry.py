"""The registry as others use it, Harbor or zot: its host, accounts for programs, logins, what it stands in for."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from infra.components.component import FilledSecret, Manifest, manifest
from infra.components.sources import BELOW, MADE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.model.environment import Environment
    from infra.model.platform import Registry

ADDRESS = "registry"  # its name below the gateway's domain, as `tools.yaml` has it for both kinds
BUILDS, PULL = "builds", "pull"  # accounts for programs: one that pushes and pulls, one that pulls everything
ROBOTS = (BUILDS, PULL)
PLATFORM, MODELS, CHARTS = "platform", "models", "charts"  # what is there beside the teams' own
SHARED = (PLATFORM, MODELS, CHARTS)
PULL_SECRET = "registry-pull"  # noqa: S105 - the name of a Secret, in every namespace of a team
_DOCKER_CONFIG = "kubernetes.io/dockerconfigjson"
_DOCKER_HUB = "docker.io"  # where names without a host are from


def asked_registry(environment: Environment) -> Registry:
    """Return what a document asks of its registry; only what needs one may call this."""
    asked = environment.platform.registry
    if asked is None:
        raise ValueError(f"{environment.name} has no registry")
    return asked


def registry_host(environment: Environment) -> str:
    """Return the host name that images are named with."""
    gateway = environment.cluster.gateway
    return f"{ADDRESS}.{gateway.domain}" if gateway is not None else ADDRESS


def robot_user(environment: Environment, robot: str) -> str:
    """Return the user name of one of the `ROBOTS`: Harbor puts a prefix before it."""
    return f"robot${robot}" if asked_registry(environment).kind == "harbor" else robot


def robot_password(robot: str) -> str:
    """Return the source of a robot's password in the platform layer."""
    return f"{MADE}:{_secret_name(robot)}"


def handed_robot_password(robot: str) -> str:
    """Return the source of a robot's password in the layer above."""
    return f"{BELOW}:{_secret_name(robot)}"


def login_secret(
    environment: Environment, robot: str, source: str, *, name: str = PULL_SECRET, namespace: str = ""
) -> FilledSecret:
    """Return the Secret that pods and programs log in to the registry with, as one of its robots."""
    host, user = registry_host(environment), robot_user(environment, robot)

    def filled() -> Callable[[Mapping[str, str]], dict[str, str]]:
        return lambda values: {".dockerconfigjson": _docker_config(host, user, values[source])}

    return FilledSecret(name, (source,), filled(), _DOCKER_CONFIG, namespace=namespace)


def pull_logins(environment: Environment) -> tuple[tuple[FilledSecret, ...], tuple[Manifest, ...]]:
    """Return what lets every pod of a team pull: a Secret in each namespace, and the account that names it for pods."""
    spaces = sorted(name for team in environment.cluster.teams.values() for name in team.namespaces)
    account = {"imagePullSecrets": [{"name": PULL_SECRET}]}
    secrets = tuple(login_secret(environment, PULL, robot_password(PULL), namespace=each) for each in spaces)
    return secrets, tuple(manifest("ServiceAccount", "v1", "default", each, **account) for each in spaces)


def pushed_projects(environment: Environment) -> tuple[str, ...]:
    """Return the projects that are pushed to, as `<registry>/<project>/<image>`: the teams, then `SHARED`."""
    teams = sorted(environment.cluster.teams)
    return (*teams, *(name for name in SHARED if name not in teams))


def through_registry(environment: Environment, image: str) -> str:
    """Return the name by which an image is had through the registry, or its own where that doesn't stand in for it."""
    full = _with_host(image)
    upstreams = environment.platform.registry.upstreams if environment.platform.registry is not None else {}
    return f"{registry_host(environment)}/{full}" if full.partition("/")[0] in upstreams else full


def _with_host(image: str) -> str:
    """Return an image's whole name: Docker's own ones may leave out the host, and `library`."""
    first, slash, rest = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return image if first != _DOCKER_HUB or "/" in rest else f"{first}/library/{rest}"
    return f"{_DOCKER_HUB}/{image}" if slash else f"{_DOCKER_HUB}/library/{image}"


def _secret_name(robot: str) -> str:
    return f"robot-{robot}"


def _docker_config(host: str, user: str, password: str) -> str:
    both = base64.b64encode(f"{user}:{password}".encode()).decode()
    return json.dumps({"auths": {host: {"username": user, "password": password, "auth": both}}}, sort_keys=True)
