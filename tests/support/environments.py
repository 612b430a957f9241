"""Environments of this repository, changed for a test."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from infra.catalog import Catalog
from infra.compute.plan import NodePlan, PoolPlan, plan_compute
from infra.model.environment import Environment
from tests.support.stacks import copy_stacks

_FOLDER = TemporaryDirectory()
copy_stacks(Path(_FOLDER.name))
CATALOG = Catalog(Path(_FOLDER.name))
_DEV, RELEASE = CATALOG.load("dev")
STAGING, _ = CATALOG.load("staging")
PROD, _ = CATALOG.load("prod")


def document(environment: Environment) -> dict[str, Any]:
    """Return an environment as the plain data of its document."""
    return deepcopy(environment.model_dump(by_alias=True, mode="json", exclude_none=True))


def changed(environment: Environment, changes: dict[str, Any]) -> Environment:
    """Return an environment with other values at dotted paths; None takes a key away."""
    data = document(environment)
    for path, value in changes.items():
        *parents, key = path.split(".")
        place = data
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is None:
            del place[key]
        else:
            place[key] = value
    return Environment.model_validate(data)


def pools_of(environment: Environment) -> dict[str, PoolPlan]:
    """Return what is planned for an environment, by pool."""
    return {pool.name: pool for pool in plan_compute(environment, RELEASE).pools}


def nodes_of(environment: Environment) -> dict[str, NodePlan]:
    """Return what is planned for an environment, by node."""
    return {node.name: node for node in plan_compute(environment, RELEASE).nodes}


def without_gpus(environment: Environment) -> Environment:
    """Return an environment without its pools with GPUs, and without quotas of them."""
    pools = {f"nodePools.{name}": None for name, pool in environment.node_pools.items() if pool.gpu}
    quotas = {f"cluster.teams.{name}.quota.gpus": None for name in environment.cluster.teams}
    return changed(without_tools(environment), {**pools, **quotas})


def without_tools(environment: Environment) -> Environment:
    """Return an environment that ends with the cluster."""
    return changed(environment, {"platform": None, "toolchain": None})


DEV = without_gpus(_DEV)  # what most rules are about is easier to see without GPUs
