"""Which replacement is the cause of which others. Pure.

The engine says of a resource only that it is replaced, and which property forces that. What a replacement follows
from: its provider is replaced; what it stands in is; or a value that forces it is known only afterwards, so it comes
from something that changes first (pulumi, step_generator.go: calculateDependentReplacements names no property then).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.review.machines import MACHINE
from infra.review.model import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.review.model import ResourceChange

_PROVIDERS = "pulumi:providers:"


def causes(changes: Iterable[ResourceChange]) -> dict[str, tuple[str, ...]]:
    """Return by URN what each replacement of a layer that is not its own follows from in the end: URNs.

    Several are returned where any of them may be the cause.
    """
    replaced = sorted(each for each in changes if each.operation == "replace")
    providers = {each.type.removeprefix(_PROVIDERS): each for each in replaced if each.type.startswith(_PROVIDERS)}
    by_place = {(_types(each.urn), each.name): each for each in replaced}
    nearest: dict[str, tuple[str, ...]] = {}
    for each in replaced:
        cause = providers.get(each.type.partition(":")[0]) or _above(each, by_place)
        if cause is not None and cause.urn != each.urn:
            nearest[each.urn] = (cause.urn,)
    own = [each for each in replaced if each.urn not in nearest and _has_own_reason(each)]
    roots = tuple(each.urn for each in own if not is_rolled(each))
    for each in replaced:
        if roots and each.urn not in nearest and each not in own and not each.type.startswith(_PROVIDERS):
            nearest[each.urn] = roots
    return {urn: _last(urn, nearest) for urn in nearest}


def _last(urn: str, nearest: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Follow causes up to those that have none."""
    cause, seen = nearest[urn], {urn}
    while len(cause) == 1 and cause[0] in nearest and cause[0] not in seen:
        seen.add(cause[0])
        cause = nearest[cause[0]]
    return cause


def own_reasons(change: ResourceChange) -> tuple[str, ...]:
    """Return the properties that force a replacement, of those whose new value is known."""
    return tuple(each.path for each in change.properties if each.replaces and each.new != UNKNOWN)


def forced(change: ResourceChange) -> bool:
    """Whether any property forces a replacement, its new value known or not."""
    return any(each.replaces for each in change.properties)


def is_rolled(change: ResourceChange) -> bool:
    """Whether a machine is made anew on purpose, by its pool's roll trigger: no property of it forces that."""
    return change.type == MACHINE and not forced(change)


def _has_own_reason(change: ResourceChange) -> bool:
    """Whether a replacement follows from nothing but itself.

    The engine names no property where a roll trigger replaces a machine on purpose, and does not ask the provider
    (pulumi, step_generator.go: generateStepsFromDiff).
    """
    return bool(own_reasons(change)) or is_rolled(change)


def _types(urn: str) -> str:
    """Return the types of a URN: its own behind those of what it stands in."""
    return urn.rpartition("::")[0].rpartition("::")[2]


def _above(change: ResourceChange, by_place: dict[tuple[str, str], ResourceChange]) -> ResourceChange | None:
    """Return the replaced resource that a change stands in."""
    above = _types(change.urn).rpartition("$")[0]
    return by_place.get((above, change.component)) if above else None
