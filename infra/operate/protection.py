"""What is protected from deletion: said in words before the engine says it in URNs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.compute.plan import plan_compute
from infra.errors import PersonError
from infra.model.environment import pool_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.operate.interrupted import Deployment

NODE = "slipway:compute:Node"
NODE_POOL = "slipway:compute:NodePool"


class Protected(PersonError):
    """Protected pools or nodes that a run would delete."""

    def __init__(self, stack: str, environment: str, things: Iterable[str], way: str) -> None:
        document = f"stacks/environments/{environment}.yaml"
        fix = f"to let them go, take their pool from `protected` there, run `slipway up {environment}`, {way}"
        super().__init__(f"{stack}: {', '.join(things)}: protected from deletion in {document}; {fix}")


def protected_pools(deployment: Deployment) -> list[str]:
    """Return the paths of the recorded pools that are protected, as a document names them, sorted."""
    return sorted(pool_path(name) for name in _protected(deployment, NODE_POOL))


def check_protection(stack: str, deployment: Deployment, environment: Environment, release: Release) -> None:
    """Raise `Protected` when protected nodes or pools are recorded that the document no longer has."""
    plan = plan_compute(environment, release)
    pools = {pool.name for pool in plan.pools}
    nodes = {node.name for node in plan.nodes}
    going = [pool_path(name) for name in _protected(deployment, NODE_POOL) if name not in pools]
    going += [name for name in _protected(deployment, NODE) if name not in nodes]
    if going:
        raise Protected(stack, environment.name, going, "then change the document again")


def _protected(deployment: Deployment, kind: str) -> list[str]:
    entries = deployment.get("resources") or []
    return sorted(e["urn"].rpartition("::")[2] for e in entries if e["type"] == kind and e.get("protect"))
