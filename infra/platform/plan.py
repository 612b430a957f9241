"""What the platform layer makes of an environment's document: its components in order, and what it hands over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.registry import ROBOTS, robot_password
from infra.components.sources import BELOW
from infra.components.stores import handed_to_tools
from infra.components.tooling import plan_tools
from infra.model.tools import reachable, tools_of
from infra.platform.database_operator import database_operator
from infra.platform.databases import databases
from infra.platform.harbor import harbor
from infra.platform.logs import logs
from infra.platform.monitoring import monitoring
from infra.platform.object_store import object_store
from infra.platform.telemetry import telemetry
from infra.platform.zot import zot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.components.plan import LayerPlan
    from infra.components.tooling import Maker
    from infra.model.environment import Environment
    from infra.model.release import Release

LAYER = "platform"
MAKERS: Mapping[str, Maker] = {
    "kube-prometheus-stack": monitoring,
    "loki": logs,
    "opentelemetry-collector": telemetry,
    "cloudnative-pg": database_operator,
    "postgres": databases,
    "seaweedfs": object_store,
    "harbor": harbor,
    "zot": zot,
}


def plan_platform(environment: Environment, release: Release) -> LayerPlan:
    """Return the platform layer of an environment."""
    return plan_tools(environment, release, LAYER, MAKERS, _handed(environment))


def _handed(environment: Environment) -> list[str]:
    """Return what tools above log in with: databases, buckets, the registry, and at the issuer of people's tokens."""
    above = tools_of(environment, "toolchain").values()
    sign_in = environment.cluster.sign_in is not None
    clients = [each.client for tool in above for each in reachable(environment, tool) if sign_in and each.callbacks]
    robots = [robot_password(each) for each in ROBOTS] if environment.platform.registry is not None else []
    return [*handed_to_tools(tools_of(environment)), *(f"{BELOW}:{name}" for name in clients), *robots]
