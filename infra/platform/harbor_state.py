"""What Harbor is to be, as its set-up script takes it: projects, members, copies of registries, accounts, schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.registry import BUILDS, PULL, asked_registry, pushed_projects
from infra.model.people import administrators, operators
from infra.model.tools import all_tools

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.model.environment import Environment

OIDC_SECRET = "HARBOR_OIDC_CLIENT_SECRET"  # noqa: S105 - the name of a variable
# Every night, one after the other: what is kept, what the storage gives back, what is new about what is left.
_RETENTION, _GARBAGE, _SCAN = "0 0 1 * * *", "0 0 2 * * *", "0 0 4 * * *"
_ADMIN, _MAINTAINER, _GUEST = _ROLES = ("admin", "maintainer", "guest")  # the first is the one that may most
_PULL = ("repository:pull",)
_PUSH = (*_PULL, "repository:push")  # signatures are pushed as images are
_EVERY_PROJECT = "*"
_DOCKER_HUB = ("registry-1.docker.io", "index.docker.io", "docker.io")
_GITHUB = "ghcr.io"
_GIB = 2**30


def robot_variable(robot: str) -> str:
    """Return the variable that the set-up script reads a robot's password from."""
    return f"HARBOR_ROBOT_{robot.upper()}"


def desired_state(environment: Environment) -> dict[str, Any]:
    """Return what an environment's Harbor is to be."""
    asked = asked_registry(environment)
    pushed = pushed_projects(environment)
    sign_in = {"oidc": _sign_in(environment)} if environment.cluster.sign_in is not None else {}
    permissions = {_EVERY_PROJECT: _PULL, **dict.fromkeys(pushed, _PUSH)}
    return {
        **sign_in,
        "settings": {"project_creation_restriction": "adminonly"},
        "registries": [_upstream(name, url) for name, url in sorted(asked.upstreams.items())],
        "projects": [
            *(_pushed(environment, name) for name in pushed),
            *(_project(environment, name, proxy_of=name) for name in sorted(asked.upstreams)),
        ],
        "robots": [
            _robot(BUILDS, "builds in pipelines push and sign with it", permissions),
            _robot(PULL, "nodes and policies pull with it", {_EVERY_PROJECT: _PULL}),
        ],
        # what lost its tag may run all the same, as policies turn tags into digests; what is kept counts it, too
        "garbage_collection": {"cron": _GARBAGE, "delete_untagged": False, "workers": 1},
        "scan_all": {"cron": _SCAN},
    }


def _sign_in(environment: Environment) -> dict[str, Any]:
    """Return how people sign in. Harbor knows one group of administrators: the first of a document's."""
    oidc = environment.first_boot.api_server.oidc
    return {
        "name": "Dex",
        "endpoint": oidc.issuer if oidc is not None else "",
        "client_id": all_tools()["harbor"].addresses[0].name,
        "client_secret_env": OIDC_SECRET,
        "scope": "openid,profile,email,groups,offline_access",  # the last: passwords for docker outlive a day
        "user_claim": "email",
        "groups_claim": "groups",
        "admin_group": next(iter(administrators(environment)), ""),
    }


def _upstream(name: str, url: str) -> dict[str, Any]:
    """Return a registry outside. Harbor has ways of its own with two of them; what stands in for these has not."""
    host = url.removeprefix("https://").rstrip("/")
    if host in _DOCKER_HUB:
        return {"name": name, "type": "docker-hub", "url": "https://hub.docker.com"}
    return {"name": name, "type": "github-ghcr" if host == _GITHUB else "docker-registry", "url": url}


def _pushed(environment: Environment, name: str) -> dict[str, Any]:
    """Return a project that is pushed to, of which so many images are kept, with a tag or without."""
    number = asked_registry(environment).keep_images
    keep = {"template": "latestPushedK", "number": number, "repositories": "**", "tags": "**", "untagged": True}
    retention = {"cron": _RETENTION, "keep": [keep]}
    return _project(environment, name, retention=retention, auto_sbom_generation=True)


def _project(environment: Environment, name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a project
    """Return a project: nobody reads it without an account, its images are scanned when they come."""
    limit = asked_registry(environment).storage_gib * _GIB
    members = [{"group": group, "role": role} for group, role in sorted(_members(environment, name).items())]
    return {"name": name, "public": False, "auto_scan": True, "storage_limit": limit, "members": members, **more}


def _members(environment: Environment, project: str) -> dict[str, str]:
    """Return the roles of groups in a project: the one that may most where a group is named several times.

    Without sign-in there are no groups. What is not one team's own everybody in a team may pull.
    """
    if environment.cluster.sign_in is None:
        return {}
    teams = environment.cluster.teams
    found = {role: set[str]() for role in _ROLES}
    found[_ADMIN].update(administrators(environment))
    found[_GUEST].update(operators(environment))
    if project in teams:
        found[_MAINTAINER].update(teams[project].members)
        found[_GUEST].update(teams[project].viewers)
    else:
        found[_GUEST].update(group for team in teams.values() for group in (*team.members, *team.viewers))
    return {group: role for role in reversed(_ROLES) for group in found[role]}


def _robot(name: str, description: str, permissions: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """Return an account of the whole Harbor's for programs; its password does not end."""
    allowed = [{"namespace": project, "access": list(access)} for project, access in permissions.items()]
    variable = robot_variable(name)
    return {"name": name, "description": description, "secret_env": variable, "duration": -1, "permissions": allowed}
