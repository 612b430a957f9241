"""What a person should see first of a change: what is lost, who is away, what does not work meanwhile. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.review.causes import causes, own_reasons
from infra.review.kinds import interruptions, kind_of_loss
from infra.review.machine_dangers import Nodes, machine_dangers
from infra.review.machines import MACHINE
from infra.review.model import Danger
from infra.review.ranks import CASCADE, FAILED, INTERRUPTED, LOST, PROTECTED, SWITCHED_OFF
from infra.review.words import OPERATIONS, in_words, kind_of, natural, number_of, place_of, plural, short_name, things

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from infra.review.kinds import StatefulKind
    from infra.review.model import LayerReview, ResourceChange

# pulumi, step_generator.go: what the engine says when it would have to delete what is protected
_REFUSED_BY_PROTECTION = re.compile(r'unable to (replace|delete) resource "([^"]+)".*protect', re.DOTALL)
_HAPPENS = {"replace": "replaced", "delete": "removed"}
_SHOWN = 3  # causes that are named where any of several may be the one


@dataclass(frozen=True)
class _Layer:
    """A layer with what is known of its nodes and kinds; `follows` says by URN what replacements follow from."""

    review: LayerReview
    nodes: Nodes
    kinds: Sequence[StatefulKind]
    follows: Mapping[str, tuple[str, ...]]

    def place(self, change: ResourceChange) -> str:
        return place_of(self.review.environment, change)

    def goes_whole(self, change: ResourceChange) -> bool:
        """Whether a change is part of a tool or pool that goes as a whole."""
        return change.operation == "delete" and self.place(change).removeprefix("node pool ") in self.review.removed

    def danger(self, rank: int, what: str, subjects: Iterable[str], why: str) -> Danger:
        return Danger(rank, what, tuple(subjects), why, self.review.stack)


def dangers(
    layers: Iterable[LayerReview],
    gpu_nodes: Mapping[str, str],
    control_plane: Collection[str],
    kinds: Sequence[StatefulKind],
    data_disks: Mapping[str, str] | None = None,
) -> tuple[Danger, ...]:
    """Return the dangers of layers, the worst first (`infra.review.ranks`).

    `gpu_nodes` says of nodes with GPUs what they have, `data_disks` of nodes with further disks which; `control_plane`
    are the names of all control-plane nodes; `kinds` what is lost when things are deleted
    (`infra.review.kinds.stateful_kinds`).
    """
    found: list[Danger] = []
    for review in layers:
        nodes = Nodes(gpu_nodes, control_plane, data_disks or {})
        layer = _Layer(review, nodes, kinds, causes(review.changes))
        found += _failed(layer)
        found += _switched_off(layer)
        pools = [each for each in review.changes if not layer.goes_whole(each)]
        found += machine_dangers(review, pools, nodes)
        found += _cascades(layer)
        found += _by_kind(layer)
    return tuple(sorted(found))


def _failed(layer: _Layer) -> Iterator[Danger]:
    if layer.review.verdict != "preview failed":
        return
    why = layer.review.reason or "the engine gave no reason"
    protected = _REFUSED_BY_PROTECTION.search(why)
    if protected is not None:
        what = f"The preview failed: something that is protected would be {_HAPPENS[protected[1]]}"
        fix = f"if it may go, take it from “protected” in the document first; the engine says: {why}"
        yield layer.danger(FAILED, what, (protected[2].rpartition("::")[2],), fix)
    else:
        yield layer.danger(FAILED, "The preview failed, so nobody knows what would happen", (layer.review.stack,), why)


def _switched_off(layer: _Layer) -> Iterator[Danger]:
    """Yield the tools and node pools that go as a whole, each with what is lost with it."""
    for name in layer.review.removed:
        pool = layer.review.layer == "compute"
        gone = [
            each
            for each in layer.review.changes
            if each.operation == "delete" and layer.place(each) == (f"node pool {name}" if pool else name)
        ]
        if not pool:
            why = f"{things(len(gone))} of it {'is' if len(gone) == 1 else 'are'} removed"
            why = "; lost: ".join(part for part in (why, _losses(gone, layer.kinds)) if part)
            yield layer.danger(SWITCHED_OFF, f"The tool {name} is switched off", (name,), why)
            continue
        nodes = [each.name for each in gone if each.type == MACHINE]
        gpus = sorted({layer.nodes.gpus[node] for node in nodes if node in layer.nodes.gpus})
        disks = sorted({layer.nodes.data_disks[node] for node in nodes if node in layer.nodes.data_disks})
        why = f"{number_of(len(nodes), 'node')} with what is on the disks"
        why += f"; each had {in_words(gpus)}, which become free" if gpus else ""
        why += f"; each had data disks, which are deleted: {in_words(disks)}" if disks else ""
        yield layer.danger(SWITCHED_OFF, f"The node pool {name} is removed", sorted(nodes, key=natural), why)


def _losses(changes: Iterable[ResourceChange], kinds: Sequence[StatefulKind]) -> str:
    """Return what is lost with things that are deleted, kind by kind; nothing if nothing is."""
    counts: dict[tuple[bool, str, str], int] = defaultdict(int)
    for each in changes:
        kind = kind_of_loss(each, kinds)
        if kind is not None:
            counts[not kind.grave, kind_of(each.type), kind.holds] += 1
    return ", ".join(f"{number_of(number, kind)} ({holds})" for (_, kind, holds), number in sorted(counts.items()))


def _cascades(layer: _Layer) -> Iterator[Danger]:
    """Yield replacements that others follow from, each once with how many do."""
    by_urn = {each.urn: each for each in layer.review.changes}
    groups: dict[tuple[str, ...], list[ResourceChange]] = defaultdict(list)
    for urn, cause in layer.follows.items():
        groups[cause].append(by_urn[urn])
    for cause, following in groups.items():
        lost = any((kind := kind_of_loss(each, layer.kinds)) is not None and kind.grave for each in following)
        roots = [by_urn[urn] for urn in cause]
        names = [f"{kind_of(each.type)} {short_name(each)}" for each in roots[:_SHOWN]]
        more = f" and {len(roots) - _SHOWN} more" if len(roots) > _SHOWN else ""
        which = f"the {names[0]}" if len(roots) == 1 else f"one of {', '.join(names)}{more}"
        verb = "is" if len(following) == 1 else "are"
        reasons = sorted({path for each in roots for path in own_reasons(each)})
        because = f"{in_words(reasons)} of it can't be changed in place" if len(roots) == 1 and reasons else ""
        losses = _losses(following, layer.kinds)
        parts = (because or "they are made through it, or with what it hands them", f"lost: {losses}" if losses else "")
        why = "; ".join(part for part in parts if part)
        what = f"{things(len(following))} {verb} replaced because {which} is"
        subjects = (f"{kind_of(each.type)} {short_name(each)}" for each in sorted(following, key=_order))
        yield layer.danger(LOST if lost else CASCADE, what, subjects, why)


def _by_kind(layer: _Layer) -> Iterator[Danger]:
    """Yield what is lost or interrupted, kind by kind: what no root cause and no tool that goes tells of."""
    groups: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    for each in layer.review.changes:
        if (each.urn in layer.follows and not each.protected) or (layer.goes_whole(each) and not each.protected):
            continue
        rank, why = _alone(each, layer.kinds)
        if rank:
            what = f"{_capital(plural(kind_of(each.type)))} are {OPERATIONS[each.operation]}"
            groups[rank, what, why].append(short_name(each))
    for (rank, what, why), names in groups.items():
        yield layer.danger(rank, what, sorted(names), why)


def _alone(change: ResourceChange, kinds: Sequence[StatefulKind]) -> tuple[int, str]:
    """Return the rank of a change and why it is a danger, zero for none."""
    kind = kind_of_loss(change, kinds)
    why = f"lost with each: {kind.holds}" if kind is not None else ""
    if change.protected and change.operation in ("delete", "replace"):
        return PROTECTED, "; ".join(part for part in ("they are protected, so the engine will refuse", why) if part)
    if kind is not None and kind.grave:
        return LOST, why
    interruption = next((each for each in interruptions() if each.covers(change)), None)
    if interruption is not None:
        return INTERRUPTED, interruption.why
    return (INTERRUPTED, why) if kind is not None else (0, "")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _order(change: ResourceChange) -> tuple[str, str]:
    return kind_of(change.type), short_name(change)
