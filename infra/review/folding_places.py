"""Places in which the same happens, told as one: the node pools that all get a new template. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from infra.review.told import said_lines
from infra.review.words import natural, some

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from infra.review.told import Block, Change, Names, Property

POOL = "node pool "


def with_places_joined(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Return blocks in their order, those of several places that differ in nothing but names as one."""
    groups: dict[tuple[Any, ...], list[Block]] = defaultdict(list)
    for block in blocks:
        alone = block.shared or len(block.changes) != 1  # with more, what belongs together could not be seen any more
        key = (block.place,) if alone else (_key(block.changes[0]),)
        groups[block.environments, block.layer, *key].append(block)
    return tuple(group[0] if len(group) == 1 else _joined(group) for group in groups.values())


def _key(change: Change) -> tuple[Any, ...]:
    """Return what the same change of other things has in common with one."""
    properties = tuple(_property_key(told) for told in change.properties)
    return (change.operation, change.kind, properties, change.because, change.protected, change.more)


def _property_key(told: Property) -> tuple[Any, ...]:
    values = tuple((each.environments, each.old, each.new, said_lines(each.lines)) for each in told.values)
    return (told.path, told.marks, told.see, values)


def _joined(group: Sequence[Block]) -> Block:
    places = [block.place for block in group]
    if all(place.startswith(POOL) for place in places):
        place = f"{POOL.strip()}s {some([each.removeprefix(POOL) for each in places])}"
    else:
        place = some(places)
    change = replace(group[0].changes[0], names=_names([block.changes[0].names for block in group]))
    return replace(group[0], place=place, changes=(change,))


def _names(all_names: Iterable[Names]) -> Names:
    found: dict[str, list[str]] = defaultdict(list)
    for names in all_names:
        for environment, own in names:
            found[environment] += own
    return tuple((environment, tuple(sorted(found[environment], key=natural))) for environment in sorted(found))
