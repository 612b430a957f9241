"""Who people are to tools: groups, as their tokens carry them, out of the cluster's access and the teams."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.model.environment import Environment


def administrators(environment: Environment) -> list[str]:
    """Return the groups that may do everything in every tool, sorted."""
    return sorted(set(environment.cluster.access.administrators))


def operators(environment: Environment) -> list[str]:
    """Return the groups that see what the platform's people see: administrators and viewers of the cluster, sorted."""
    return sorted({*administrators(environment), *environment.cluster.access.viewers})


def everyone(environment: Environment) -> list[str]:
    """Return every group that a document gives any right, sorted."""
    teams = environment.cluster.teams.values()
    of_teams = {group for team in teams for group in (*team.members, *team.viewers)}
    monitoring = environment.platform.monitoring
    looking = set(monitoring.viewers) if monitoring is not None else set()
    return sorted({*operators(environment), *of_teams, *looking})
