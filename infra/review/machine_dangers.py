"""What becomes of nodes: control plane, GPUs, data disks. Pure."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.review.machines import MACHINE, restarting
from infra.review.model import Danger
from infra.review.ranks import CONTROL_PLANE, GPU_NODES, LOST, NODES
from infra.review.words import in_words, natural

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from infra.review.model import LayerReview, ResourceChange

_DISK = re.compile(r"disks\[\d+\]")
# infra/operate/quorum.py, which takes control-plane nodes one by one and waits for each
_ONE_BY_ONE = (
    "“slipway up” takes one at a time and waits until it is back; with plain “pulumi up” several go at once, and etcd "
    "loses its quorum"
)
_WHAT_ENDS = {
    "gpu": "what runs on their GPUs ends, and starts again when the node is back or elsewhere",
    "node": "their pods end, and start again on other nodes",
}


@dataclass(frozen=True)
class Nodes:
    """What is known of nodes by name: `gpus` and `data_disks` say what they have; `control_plane` are names."""

    gpus: Mapping[str, str] = field(default_factory=dict)
    control_plane: Collection[str] = ()
    data_disks: Mapping[str, str] = field(default_factory=dict)


def machine_dangers(review: LayerReview, changes: Iterable[ResourceChange], nodes: Nodes) -> Iterator[Danger]:
    """Yield what becomes of the nodes among changes of a layer."""
    machines = sorted((each for each in changes if each.type == MACHINE), key=lambda each: natural(each.name))
    yield from _lost_disks(review, machines, nodes)
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for each in machines:
        happening, because = _happening(each)
        if happening:
            groups[_role(each.name, nodes), happening, because].append(each.name)
    for (role, happening, because), names in sorted(groups.items()):
        make = {"control plane": _control_plane, "gpu": _gpu}.get(role, _other)
        yield make(review, happening, because, names, nodes)


def _role(name: str, nodes: Nodes) -> str:
    if name in nodes.control_plane:
        return "control plane"
    return "gpu" if name in nodes.gpus else "node"


def _happening(change: ResourceChange) -> tuple[str, str]:
    """Return what becomes of a machine, nothing where it goes on running, and what restarts it."""
    if change.operation == "update":
        found = restarting(each.path for each in change.properties)
        verb = "changes" if len(found) == 1 else "change"
        return ("restarted", f"{in_words(found)} {verb} only while a machine is off; ") if found else ("", "")
    return {"replace": "replaced", "delete": "removed"}.get(change.operation, ""), ""


def _control_plane(review: LayerReview, happening: str, because: str, names: list[str], nodes: Nodes) -> Danger:
    stem = names[0].rpartition("-")[0]
    alone = len({*names, *(each for each in nodes.control_plane if each.rpartition("-")[0] == stem)}) == 1
    if alone and happening != "restarted":
        why = "the cluster goes with it, and everything that is in it; “slipway up” asks, or wants --lose-cluster"
        return Danger(LOST, f"The only control-plane node is {happening}", tuple(names), why, review.stack)
    if alone:
        why = f"{because}the cluster's API is away meanwhile; what runs goes on"
        return Danger(CONTROL_PLANE, "The only control-plane node is restarted", tuple(names), why, review.stack)
    if happening == "removed":
        why = "etcd goes on counting them as members and can lose its quorum; “slipway up” refuses that"
        return Danger(LOST, "Control-plane nodes are removed", tuple(names), why, review.stack)
    return Danger(
        CONTROL_PLANE, f"Control-plane nodes are {happening}", tuple(names), because + _ONE_BY_ONE, review.stack
    )


def _gpu(review: LayerReview, happening: str, because: str, names: list[str], nodes: Nodes) -> Danger:
    subjects = tuple(f"{name} ({nodes.gpus[name]})" for name in names)
    why = because + _WHAT_ENDS["gpu"]
    return Danger(GPU_NODES, f"Nodes with GPUs are {happening}", subjects, why, review.stack)


def _other(review: LayerReview, happening: str, because: str, names: list[str], nodes: Nodes) -> Danger:
    del nodes
    return Danger(NODES, f"Other nodes are {happening}", tuple(names), because + _WHAT_ENDS["node"], review.stack)


def _lost_disks(review: LayerReview, machines: Iterable[ResourceChange], nodes: Nodes) -> Iterator[Danger]:
    """Yield data disks that go: with their machine, or taken from one that stays."""
    lost = []
    for each in machines:
        if each.operation in ("replace", "delete") and each.name in nodes.data_disks:
            lost.append(f"{each.name} ({nodes.data_disks[each.name]})")
        elif each.operation == "update":
            gone = [_label(change.old) for change in each.properties if _DISK.fullmatch(change.path) and not change.new]
            lost += [f"{each.name} ({in_words(gone)})"] if gone else []
    if lost:
        why = "everything that is on them is lost; “slipway up” asks, or wants --lose-disks"
        yield Danger(LOST, "Data disks are deleted", tuple(lost), why, review.stack)


def _label(disk: str) -> str:
    """Return how a disk is called, from its properties as JSON."""
    try:
        found = json.loads(disk)
    except ValueError:
        return "a disk"
    return str(found.get("label", "a disk")) if isinstance(found, dict) else "a disk"
