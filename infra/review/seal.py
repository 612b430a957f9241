"""Sealed plans: what a layer's plan was and what it was made of, so that `up` carries out what was reviewed or refuses.

Pure: `infra.review.seal_file` reads and writes them, `infra.review.seal_parts` makes the hashes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.counting import counted
from infra.errors import PersonError
from infra.review.seal_parts import CLOSED, Below, hash_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from infra.review.model import LayerReview, ResourceChange

MOST_NAMED = 3  # changes that a line about a plan names


class PlanRefused(PersonError):
    """A plan that is not carried out: it can't be sealed, or is not the one that was reviewed; one line per reason."""


@dataclass(frozen=True)
class SealParts:
    """What a layer's plan was made of.

    `documents` are hashes of texts by their path, `state` is that of the stack, `below` None for the lowest layer,
    `tools` are versions by name.
    """

    review: LayerReview
    documents: Mapping[str, str]
    state: str
    below: Below | None
    tools: Mapping[str, str]


@dataclass(frozen=True, order=True)
class SealedChange:
    """One change of a sealed plan: which resource, what happens to it, and a hash of everything that is told of it."""

    __pydantic_config__ = CLOSED

    urn: str
    operation: str
    hash: str

    def __str__(self) -> str:
        """Return it as a line names it: `create VirtualMachine dev-cpu-3`."""
        kind, _, name = self.urn.rpartition("::")
        return f"{self.operation} {kind.rpartition(':')[2]} {name.rpartition(':')[2]}"


@dataclass(frozen=True)
class SealedLayer:
    """A layer's plan and what it was made of, each part with its own hash: a refusal can say which one moved."""

    __pydantic_config__ = CLOSED

    stack: str
    changes: tuple[SealedChange, ...]
    documents: dict[str, str]
    state: str
    below: Below | None
    tools: dict[str, str]

    @property
    def hash(self) -> str:
        """The hash of all parts together."""
        return hash_of(self.plain())

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        below = None if self.below is None else dict(vars(self.below))
        return {**vars(self), "changes": [dict(vars(each)) for each in self.changes], "below": below}


@dataclass(frozen=True)
class Seal:
    """The sealed plans of one review: when it was made (UTC, ISO 8601), who made it, against which revision.

    `revision` is the one that was reviewed. Both are told and not compared: a change that is merged is another commit
    with the same content, and the content is what the layers' hashes are of.
    """

    __pydantic_config__ = CLOSED

    made: str
    by: str
    against: str = ""
    revision: str = ""
    stacks: dict[str, SealedLayer] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """What is approved: the hash of everything in it."""
        return hash_of(self.plain())

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**vars(self), "stacks": {name: layer.plain() for name, layer in self.stacks.items()}}


def seal(parts: SealParts) -> SealedLayer:
    """Return a layer's plan sealed; the order of changes and of their properties means nothing.

    Raises `PlanRefused` for a layer that could not be previewed: nobody has seen what would happen.
    """
    review = parts.review
    if review.verdict not in ("changes", "no change"):
        reason = f"{review.verdict} ({review.reason})" if review.reason else review.verdict
        fix = "leave it out, and review it once it can be previewed"
        raise PlanRefused(f"{review.stack}: {reason}: a plan that nobody has seen can't be sealed; {fix}")
    return SealedLayer(
        stack=review.stack,
        changes=tuple(sorted(map(_sealed_change, review.changes))),
        documents=dict(sorted(parts.documents.items())),
        state=parts.state,
        below=parts.below,
        tools=dict(sorted(parts.tools.items())),
    )


def _sealed_change(change: ResourceChange) -> SealedChange:
    properties = [dict(vars(each)) for each in sorted(change.properties)]
    return SealedChange(change.urn, change.operation, hash_of({**vars(change), "properties": properties}))


def compare(sealed: SealedLayer, now: SealedLayer, *, below_ran: bool = False) -> list[str]:
    """Return what has moved since a layer was sealed, a line each; nothing when it still holds.

    `below_ran` says that the layer below has been carried out under the same seal: what it hands over may differ then,
    and whether this layer's plan still is the reviewed one is said by the plan alone.
    """
    if sealed.stack != now.stack:
        return [f"{now.stack}: the seal is of {sealed.stack}"]
    found = list(_moved_documents(sealed.documents, now.documents))
    found += _moved_tools(sealed.tools, now.tools)
    if not below_ran:
        found += _moved_below(sealed, now)
    if sealed.state != now.state:
        found.append(_moved_state(now.stack))
    difference = _moved_plan(sealed.changes, now.changes)
    return [*found, f"{now.stack}: the plan differs: {difference}"] if difference else found


def compare_all(seal: Seal, now: Sequence[SealedLayer], ran: Collection[str] = ()) -> list[str]:
    """Return what has moved since a review, over all layers that are to be carried out now, each line once.

    `ran` are the stacks that have been carried out under this seal before.
    """
    found: dict[str, None] = {}
    for layer in now:
        sealed = seal.stacks.get(layer.stack)
        if sealed is None:
            reviewed = ", ".join(sorted(seal.stacks)) or "nothing"
            found[f"{layer.stack}: is not in the seal, which has {reviewed}"] = None
            continue
        below_ran = layer.below is not None and layer.below.stack in ran
        found |= dict.fromkeys(compare(sealed, layer, below_ran=below_ran))
    return list(found)


def check_sealed(seal: Seal, now: Sequence[SealedLayer], ran: Collection[str] = ()) -> None:
    """Raise `PlanRefused` with everything that has moved since the review."""
    moved = compare_all(seal, now, ran)
    if moved:
        last = f"this is not what was reviewed ({seal.made}, by {seal.by}); review it again, and have that approved"
        raise PlanRefused("\n".join([*moved, last]))


def _moved_documents(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for path in sorted({*before, *after}):
        if path not in after:
            yield f"the document {path} is not there any more"
        elif path not in before:
            yield f"the document {path} was not there"
        elif before[path] != after[path]:
            yield f"the document {path} has changed"


def _moved_tools(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        was, now = before.get(name, "none"), after.get(name, "none")
        if was != now:
            yield f"tool {name} {was} -> {now}"


def _moved_below(sealed: SealedLayer, now: SealedLayer) -> Iterator[str]:
    was, is_now = sealed.below, now.below
    if was is None or is_now is None or was.stack != is_now.stack:
        if was != is_now:
            names = [each.stack if each else "nothing" for each in (was, is_now)]
            yield f"{now.stack}: stood on {names[0]}, and now on {names[1]}"
        return
    if was.handover != is_now.handover:
        yield f"{now.stack}: what {is_now.stack} hands over has changed since the review"
    if was.state != is_now.state:
        yield _moved_state(is_now.stack)


def _moved_state(stack: str) -> str:
    return f"{stack}: its state has changed since the review (another run)"


def _moved_plan(before: Sequence[SealedChange], after: Sequence[SealedChange]) -> str:
    """Return how two plans differ, in words, or nothing."""
    was, now = Counter(before), Counter(after)
    gone, new = sorted((was - now).elements()), sorted((now - was).elements())
    both = {each.urn for each in gone} & {each.urn for each in new}
    parts = [
        ("more", [each for each in new if each.urn not in both]),
        ("fewer", [each for each in gone if each.urn not in both]),
        ("otherwise", [each for each in new if each.urn in both]),
    ]
    return ", ".join(f"{counted(len(each), 'resource')} {word} ({_named(each)})" for word, each in parts if each)


def _named(changes: Sequence[SealedChange]) -> str:
    rest = len(changes) - MOST_NAMED
    return ", ".join(map(str, changes[:MOST_NAMED])) + (f" and {rest} more" if rest > 0 else "")
