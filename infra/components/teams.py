"""What tools have to know of teams: the namespaces that they work in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.model.environment import Environment


def team_namespaces(environment: Environment) -> tuple[str, ...]:
    """Return the namespaces of all teams, sorted."""
    return tuple(sorted(name for team in environment.cluster.teams.values() for name in team.namespaces))
