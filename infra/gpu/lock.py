"""The placement lock: which node gets which GPUs, in a file that people review and the program obeys."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from infra.errors import NotPossibleHere
from infra.gpu.fixed import Seat
from infra.gpu.need import Need

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from infra.model.environment import Environment


_KEYS = {"type_name": "vgpuType"}  # how a need's fields are called in the file, where that differs


@dataclass(frozen=True)
class PoolLock:
    """GPUs of a pool: the cluster, what every node gets, and the MMIO space of its machines (GiB)."""

    cluster: str
    need: Need
    mmio_gib: int


@dataclass(frozen=True)
class PlacementLock:
    """A plan that fitted: from which inventory (when it was read) and for which request (a hash) it was made.

    `pools` are the pools with GPUs; `seats` the nodes with passthrough, by name.
    """

    environment: str
    vcenter: str
    inventory_read: str
    request: str
    pools: Mapping[str, PoolLock]
    seats: Mapping[str, Seat]


def request_hash(environment: Environment) -> str:
    """Return a hash of everything in a document that decides where GPUs go."""
    asked = {
        name: {
            **pool.model_dump(by_alias=True, mode="json", include={"count", "memory_gib", "anti_affinity", "gpu"}),
            "cluster": environment.cluster_of(pool),
        }
        for name, pool in environment.node_pools.items()
        if pool.gpu is not None
    }
    overrides = {name: each.model_dump(mode="json") for name, each in environment.gpu_overrides.items()}
    facts = [environment.vcenter.server, environment.vcenter.folder, asked, overrides if asked else {}]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def lock_path(root: Path, environment: str) -> Path:
    """Return the file of an environment's placement lock."""
    return root / "stacks" / "placements" / f"{environment}.yaml"


def as_text(lock: PlacementLock) -> str:
    """Return the file of a lock: YAML with a line per pool and per node, in stable order, to be diffed."""
    return "\n".join(_lines(lock)) + "\n"


def _lines(lock: PlacementLock) -> Iterator[str]:
    yield f"# Which node gets which GPUs, written by `slipway fit {lock.environment} --write`. Review it as code."
    for key, value in (
        ("environment", lock.environment),
        ("vcenter", lock.vcenter),
        ("inventoryRead", lock.inventory_read),
        ("request", lock.request),
    ):
        yield f"{key}: {json.dumps(value)}"
    yield "pools:" if lock.pools else "pools: {}"
    for name, pool in sorted(lock.pools.items()):
        need = {_KEYS.get(key, key): value for key, value in vars(pool.need).items() if value != ""}
        yield f"  {name}: {json.dumps({'cluster': pool.cluster, **need, 'mmioGiB': pool.mmio_gib})}"
    yield "nodes:" if lock.seats else "nodes: {}"
    for node, seat in sorted(lock.seats.items(), key=lambda item: _natural(item[0])):
        yield f"  {node}: {json.dumps({'host': seat.host, 'devices': list(seat.devices)})}"


def _natural(name: str) -> tuple[str, int]:
    stem, _, number = name.rpartition("-")
    return (stem, int(number)) if number.isdigit() else (name, 0)


def read_lock(path: Path, environment: str) -> PlacementLock | None:
    """Return a lock from its file, or None when there is none. Raises `NotPossibleHere` when the file is no lock."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        return _lock(data)
    except FileNotFoundError:
        return None
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        reason = f"is no placement lock ({' '.join(str(error).split())})"
        fix = f"bring it back from git, or remove it and plan anew: ./slipway fit {environment} --write"
        raise NotPossibleHere(f"stacks/placements/{path.name}", reason, fix) from None


def _lock(data: Mapping[str, Any]) -> PlacementLock:
    return PlacementLock(
        data["environment"],
        data["vcenter"],
        str(data["inventoryRead"]),
        data["request"],
        {name: _pool(dict(pool)) for name, pool in data["pools"].items()},
        {node: Seat(seat["host"], tuple(seat["devices"])) for node, seat in data["nodes"].items()},
    )


def _pool(data: dict[str, Any]) -> PoolLock:
    cluster, mmio_gib = data.pop("cluster"), data.pop("mmioGiB")
    names = {key: name for name, key in _KEYS.items()}
    return PoolLock(cluster, Need(**{names.get(key, key): value for key, value in data.items()}), mmio_gib)


def valid_lock(path: Path, environment: Environment) -> PlacementLock | None:
    """Return the lock that an environment is made by; None for one without GPUs.

    Raises `NotPossibleHere` when it is missing or was made for another request than the document's.
    """
    if not environment.has_gpus:
        return None
    name = f"stacks/placements/{environment.name}.yaml"
    fix = f"plan it: ./slipway fit {environment.name} --write"
    lock = read_lock(path, environment.name)
    if lock is None:
        raise NotPossibleHere(name, "there is no placement of the GPUs yet", fix)
    if lock.environment != environment.name or lock.request != request_hash(environment):
        raise NotPossibleHere(name, "was made for another request than the document's", fix)
    return lock
