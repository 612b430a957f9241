"""Rules that span several fields of the documents: pure, each a small function that yields what it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.model.rules.addresses import address_rules
from infra.model.rules.claims import Claims, claims_of
from infra.model.rules.cluster import cluster_release_rules, cluster_rules
from infra.model.rules.finding import Finding
from infra.model.rules.gpus import gpu_rules
from infra.model.rules.neighbours import Neighbour, neighbour_rules, neighbour_warnings
from infra.model.rules.nodes import node_rules
from infra.model.rules.release import release_refusals, release_rules
from infra.model.rules.site import site_rules
from infra.model.rules.tools import tool_release_rules, tool_rules
from infra.model.rules.warnings import own_warnings, release_warnings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.model.environment import Environment
    from infra.model.release import Release

__all__ = [
    "Claims",
    "Finding",
    "Neighbour",
    "claims_of",
    "environment_refusals",
    "environment_warnings",
    "release_refusals",
    "release_warnings",
]


def environment_refusals(
    environment: Environment, release: Release | None, others: Sequence[Neighbour], claims: Sequence[Claims]
) -> list[Finding]:
    """Return what the rules refuse in a document whose fields are well-formed, in the order of the rules.

    `release` is None when the document names one that isn't there; rules that compare with it are left out then.
    `others` are the other environments of the same catalogue, each with its release, as far as they are well-formed;
    `claims` are the addresses of all of them.
    """
    own = [
        *address_rules(environment),
        *node_rules(environment),
        *gpu_rules(environment),
        *site_rules(environment),
        *cluster_rules(environment),
        *tool_rules(environment),
    ]
    of_release: list[Finding] = []
    if release is not None:
        of_release = [
            *release_rules(environment, release),
            *cluster_release_rules(environment, release),
            *tool_release_rules(environment, release),
        ]
    return [*own, *of_release, *neighbour_rules(environment, release, others, claims)]


def environment_warnings(
    environment: Environment, others: Sequence[Neighbour], claims: Sequence[Claims]
) -> list[Finding]:
    """Return what a person should know about an environment that is accepted, in the order of the rules."""
    return [*own_warnings(environment), *neighbour_warnings(environment, others, claims)]
