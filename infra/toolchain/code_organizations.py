"""Who has which repositories: organizations of Gitea, their teams, and the groups that people come into them by."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.model.people import administrators, operators
from infra.model.tools import all_tools, tools_of
from infra.toolchain.delivery_projects import DEPLOY, PLATFORM

if TYPE_CHECKING:
    from infra.model.environment import Environment
    from infra.model.tools import Address

ADMINISTRATOR = "slipway"  # Gitea keeps `admin` for itself
OWNERS, DEVELOPERS, READERS = "Owners", "developers", "readers"  # Gitea makes the first one itself
ARGO_CD, BUILDS = "argo-cd", "builds"  # technical users
ENVIRONMENTS = "environments"  # the repository with the documents of the environments


def code_address() -> Address:
    """Return Gitea's address."""
    (address,) = all_tools()["gitea"].addresses
    return address


def organization_of(team: str) -> str:
    """Return the name of a team's organization: the team's own, if the platform does not have it."""
    return team if team != PLATFORM else f"team-{team}"


def first_administrators(environment: Environment) -> str:
    """Return the group whose people are administrators of Gitea, or nothing."""
    return next(iter(administrators(environment)), "")


def group_team_map(environment: Environment) -> str:
    """Return which groups bring people into which teams of which organizations, as Gitea reads it."""
    teams = environment.cluster.teams
    organizations = [PLATFORM, *(organization_of(team) for team in sorted(teams))]
    found: dict[str, dict[str, set[str]]] = {}

    def add(groups: list[str], names: list[str], team: str) -> None:
        for group in groups:
            for name in names:
                found.setdefault(group, {}).setdefault(name, set()).add(team)

    add(administrators(environment), organizations, OWNERS)
    add(operators(environment), organizations, READERS)
    for name, team in teams.items():
        add(team.members, [organization_of(name)], DEVELOPERS)
        add(team.viewers, [organization_of(name)], READERS)
    plain = {group: {name: sorted(each) for name, each in of.items()} for group, of in found.items()}
    return json.dumps(plain, sort_keys=True)


def desired_state(environment: Environment, events: str) -> dict[str, Any]:
    """Return what the set-up script brings about; `events` is the address that pushes are told to."""
    tools = tools_of(environment)
    domain = environment.cluster.gateway.domain if environment.cluster.gateway is not None else "localhost"
    readers = [*([ARGO_CD] if "argo-cd" in tools else []), *([BUILDS] if "builds" in tools else [])]
    users = [
        {"name": ARGO_CD, "full_name": "Argo CD", "password_env": "GITEA_ARGO_CD_PASSWORD"},
        {"name": BUILDS, "full_name": "Pipelines", "password_env": "GITEA_BUILDS_PASSWORD"},
    ]
    webhooks = [
        {"name": "argo-events", "url": events, "events": ["push"], "branch_filter": "*",
         "secret_env": "GITEA_WEBHOOK_SECRET"},
    ] if "argo-events" in tools else []  # fmt: skip
    teams = [
        _organization(
            organization_of(name), f"Team {name}", readers, [_repository(DEPLOY, "What runs, for Argo CD")], webhooks
        )
        for name in sorted(environment.cluster.teams)
    ]
    # nothing of the platform's is built: no webhook
    environments = _repository(ENVIRONMENTS, "Documents of the environments: what is wanted, and which release")
    platform = _organization(PLATFORM, "Platform", [each for each in readers if each == ARGO_CD], [environments], [])
    return {
        "users": [{**user, "email": f"{user['name']}@{domain}"} for user in users if user["name"] in readers],
        "organizations": [platform, *teams],
    }


def _organization(
    name: str, title: str, readers: list[str], repositories: list[Any], webhooks: list[Any]
) -> dict[str, Any]:
    teams = [
        {"name": DEVELOPERS, "permission": "write", "can_create_repositories": True},
        {"name": READERS, "permission": "read", "members": readers},
    ]
    return {"name": name, "full_name": title, "teams": teams, "repositories": repositories, "webhooks": webhooks}


def _repository(name: str, description: str) -> dict[str, Any]:
    """Return a repository whose branch `main` takes changes that a second person has looked at, and nothing else."""
    return {"name": name, "description": description, "protection": {"approvals": 1, "push_users": []}}
