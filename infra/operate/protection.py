"""What is protected from deletion: said in words before the engine says it in URNs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.compute.plan import plan_compute
from infra.errors import NotPossibleHere, PersonError
from infra.model.environment import pool_path
from infra.operate.interrupted import MACHINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.compute.plan import ComputePlan
    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.operate.interrupted import Deployment

NODE = "slipway:compute:Node"
NODE_POOL = "slipway:compute:NodePool"


class Protected(PersonError):
    """Protected pools or nodes that a run would delete."""

    def __init__(self, stack: str, environment: str, things: Iterable[str], way: str) -> None:
        document = f"stacks/environments/{environment}.yaml"
        super().__init__(f"{stack}: {', '.join(things)}: protected from deletion in {document}; to let go, {way}")


def protected_things(deployment: Deployment, environment: Environment) -> list[str]:
    """Return the paths of the recorded pools that are protected, by the state or by the document alone, sorted."""
    recorded = {pool_path(e["urn"].rpartition("::")[2]) for e in _entries(deployment, NODE_POOL)}
    by_state = {pool_path(name) for name in _protected(deployment, NODE_POOL)}
    return sorted(by_state | (recorded & set(environment.protected)))


def check_protection(stack: str, deployment: Deployment, environment: Environment, release: Release) -> None:
    """Raise `Protected` when protected nodes or pools are recorded that the document no longer has."""
    plan = plan_compute(environment, release)
    pools = {pool.name for pool in plan.pools}
    nodes = {node.name for node in plan.nodes}
    going = [pool_path(name) for name in _protected(deployment, NODE_POOL) if name not in pools]
    going += [name for name in _protected(deployment, NODE) if name not in nodes]
    if going:
        up = f"run `./slipway up {environment.name}`"
        way = f"put them back, take their pool from `protected`, {up}, and only then take them out of the document"
        raise Protected(stack, environment.name, going, way)


def check_disks(stack: str, deployment: Deployment, plan: ComputePlan) -> None:
    """Raise `NotPossibleHere` when disks are recorded that are larger than the plan has them: no disk shrinks."""
    planned = {(node.name, disk.label): disk.size_gib for p in plan.pools for node in p.nodes for disk in p.disks}
    smaller = []
    for entry in _entries(deployment, MACHINE):
        for disk in entry.get("inputs", {}).get("disks", []):
            wanted = planned.get((entry["inputs"]["name"], disk["label"]), disk["size"])
            if wanted < disk["size"]:
                smaller.append(f"{entry['inputs']['name']} {disk['label']} ({disk['size']} GiB, asked {wanted})")
    if smaller:
        fix = "ask for the size that it has, or move the nodes to another pool"
        raise NotPossibleHere(stack, f"a disk can't shrink: {', '.join(sorted(smaller))}", fix)


def _protected(deployment: Deployment, kind: str) -> list[str]:
    return sorted(e["urn"].rpartition("::")[2] for e in _entries(deployment, kind) if e.get("protect"))


def _entries(deployment: Deployment, kind: str) -> list[Mapping[str, Any]]:
    return [entry for entry in deployment.get("resources") or [] if entry["type"] == kind]
