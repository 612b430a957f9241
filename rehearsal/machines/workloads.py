"""Which effect a pod's container plays: the table `effects.yaml`, and whose pod it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

_TABLE = Path(__file__).with_name("effects.yaml")


@dataclass(frozen=True)
class Played:
    """A workload that plays an effect: its kind and name, the effect's module, whether it asks the API."""

    kind: str
    name: str
    effect: str
    asks: bool


@cache
def table() -> tuple[Played, ...]:
    """Return the table of workloads that play something."""
    return tuple(Played(**row) for row in YAML(typ="safe", pure=True).load(_TABLE.read_text(encoding="utf-8")))


def played_by(pod: dict[str, Any]) -> Played | None:
    """Return what a pod plays, or None for one that only runs."""
    owner = workload_of(pod)
    return next((row for row in table() if (row.kind, row.name) == owner), None)


def workload_of(pod: dict[str, Any]) -> tuple[str, str]:
    """Return kind and name of the workload that a pod belongs to; a Deployment's is known by its ReplicaSet's name."""
    metadata = pod["metadata"]
    owner = next((each for each in metadata.get("ownerReferences", []) if each.get("controller")), None)
    if owner is None:
        return "Pod", str(metadata["name"])
    version = metadata.get("labels", {}).get("pod-template-hash")
    if owner["kind"] == "ReplicaSet" and version:
        return "Deployment", str(owner["name"]).removesuffix(f"-{version}")
    return str(owner["kind"]), str(owner["name"])
