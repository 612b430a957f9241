"""The same change of many resources, or in several environments, said once; where environments differ, how. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from infra.model.handover import LAYERS
from infra.review.causes import causes, forced, is_rolled, own_reasons
from infra.review.differences import told_property
from infra.review.folding_places import with_places_joined
from infra.review.told import Block, Change, Property, Shared, Value, said_lines
from infra.review.words import in_words, kind_of, natural, neutral, place_of, short_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from infra.review.model import LayerReview, ResourceChange
    from infra.review.told import Kinds, Names

_MANY = 3  # kinds of changes that a property has to be in to be told by itself
_FIRST = ("replace", "delete", "create", "import", "forget", "other", "update")  # what people look at first
_ON_PURPOSE = "what machines of the pool are made from differs, so they are made anew on purpose"
_FORCED_LATER = "the value that forces it is known only after the change"
_FORCED_BY_NOTHING = "the engine names no property that forces it"
_CAUSES = 3  # that are named where one of several may be it


@dataclass(frozen=True, order=True)
class _Item:
    """What is told once: a change, or a property of resources that otherwise differ; and what makes it that one."""

    layer: str
    place: str
    what: str  # the type of what changes; nothing for a shared property
    shared: bool
    operation: str
    because: str
    protected: bool
    more: bool
    properties: tuple[Property, ...]
    names: Names
    kinds: Kinds = ()

    def alike(self) -> tuple[object, ...]:
        """Return what the same change has in common, whoever it is of."""
        return (*self._frame(), tuple(_key(each) for each in self.properties))

    def same_things(self) -> tuple[object, ...] | None:
        """Return what changes of the same things have in common, whatever their values; None where names differ."""
        names = {tuple(neutral(environment, name) for name in own) for environment, own in self.names}
        if len(names) != 1:
            return None
        return (*self._frame(), tuple((each.path, each.marks) for each in self.properties), names.pop())

    def _frame(self) -> tuple[object, ...]:
        return (self.layer, self.place, self.what, self.shared, self.operation, self.because, self.protected, self.more)


def folded(layers: Iterable[LayerReview]) -> tuple[Block, ...]:
    """Return what changes in layers: first what is the same in most environments, then layer by layer, bottom to top.

    Neither the order of the layers nor that of their changes matters.
    """
    items = [item for layer in layers for item in _items(layer)]
    items = _merged_values(_merged_names(sorted(items)))
    blocks: dict[tuple[tuple[str, ...], str, str], list[_Item]] = defaultdict(list)
    for item in items:
        blocks[tuple(environment for environment, _ in item.names), item.layer, item.place].append(item)
    ordered = sorted(blocks, key=lambda key: (-len(key[0]), key[0], layer_order(key[1]), natural(key[2])))
    return with_places_joined(_block(key, blocks[key]) for key in ordered)


def layer_order(layer: str) -> tuple[int, str]:
    """Return what layers are sorted by: bottom to top."""
    known: Sequence[str] = LAYERS
    return (known.index(layer) if layer in known else len(known), layer)


def _block(key: tuple[tuple[str, ...], str, str], items: list[_Item]) -> Block:
    environments, layer, place = key
    changes = sorted(
        (each for each in items if not each.shared),
        key=lambda each: (_FIRST.index(each.operation), kind_of(each.what), _natural(each.names), each),
    )
    shared = sorted((each for each in items if each.shared), key=lambda each: (each.properties[0], each))
    return Block(
        environments,
        layer,
        place,
        tuple(
            Change(
                each.operation,
                kind_of(each.what),
                each.names,
                each.properties,
                each.because,
                each.protected,
                each.more,
            )
            for each in changes
        ),
        tuple(Shared(each.properties[0], each.names, each.kinds) for each in shared),
    )


def _items(layer: LayerReview) -> Iterator[_Item]:
    """Yield what a layer tells, place by place."""
    places: dict[str, list[ResourceChange]] = defaultdict(list)
    for each in layer.changes:
        places[neutral(layer.environment, place_of(layer.environment, each))].append(each)
    reasons = _reasons(layer)
    for place in sorted(places):
        told = [_item(layer, place, each, reasons.get(each.urn, "")) for each in places[place]]
        yield from _without_shared(_gathered(told))


def _item(layer: LayerReview, place: str, change: ResourceChange, because: str) -> _Item:
    properties = tuple(told_property(change.type, change.operation, each) for each in sorted(change.properties))
    names = ((layer.environment, (short_name(change),)),)
    return _Item(
        layer=layer.layer,
        place=place,
        what=change.type,
        shared=False,
        operation=change.operation,
        because=because,
        protected=change.protected,
        more=False,
        properties=properties,
        names=names,
    )


def _reasons(layer: LayerReview) -> dict[str, str]:
    """Return why things are replaced, by URN, where no property of their own forces it."""
    by_urn = {each.urn: each for each in layer.changes}
    follows = causes(layer.changes)
    found = {}
    for each in layer.changes:
        if each.urn in follows:
            names = [f"{kind_of(by_urn[urn].type)} {short_name(by_urn[urn])}" for urn in follows[each.urn]]
            shown = sorted(names)[:_CAUSES] + (["others"] if len(names) > _CAUSES else [])
            which = f"the {names[0]}" if len(names) == 1 else f"one of {in_words(shown)}"
            found[each.urn] = f"because {which} is replaced"
        elif each.operation == "replace" and not own_reasons(each):
            found[each.urn] = _ON_PURPOSE if is_rolled(each) else _FORCED_LATER if forced(each) else _FORCED_BY_NOTHING
    return found


def _gathered(items: Iterable[_Item]) -> list[_Item]:
    """Return the items of one place with the same change of several things as one."""
    groups: dict[tuple[object, ...], list[_Item]] = defaultdict(list)
    for item in items:
        groups[item.alike()].append(item)
    return [_one_of(group) for group in groups.values()]


def _one_of(group: list[_Item]) -> _Item:
    names = _joined(item.names for item in group)
    first = min(group, key=lambda item: (_natural(item.names), item))
    return replace(first, names=names, kinds=tuple(sorted(kinds for item in group for kinds in item.kinds)))


def _natural(names: Names) -> list[tuple[tuple[int, int, str], ...]]:
    return [natural(name) for _, own in names for name in own]


def _joined(all_names: Iterable[Names]) -> Names:
    found: dict[str, list[str]] = defaultdict(list)
    for names in all_names:
        for environment, own in names:
            found[environment] += own
    return tuple((environment, tuple(sorted(found[environment], key=natural))) for environment in sorted(found))


def _without_shared(items: list[_Item]) -> Iterator[_Item]:
    """Yield items without the properties that many of them have in common, and each of these once."""
    holders: dict[tuple[Any, ...], list[_Item]] = defaultdict(list)
    for item in items:
        for key in {_key(each): None for each in item.properties}:
            holders[key].append(item)
    common = {key: found for key, found in holders.items() if len(found) >= _MANY}
    left = []
    for item in items:
        rest = tuple(each for each in item.properties if _key(each) not in common)
        left.append(replace(item, properties=rest, more=len(rest) < len(item.properties)))
    yield from _gathered(left)
    for key, owners in common.items():
        counts: Counter[str] = Counter()
        for item in owners:
            counts[kind_of(item.what)] += sum(len(own) for _, own in item.names)
        first = min(owners)
        kinds = ((first.names[0][0], tuple(sorted(counts.items()))),)
        shown = next(each for each in first.properties if _key(each) == key)
        names = _joined(item.names for item in owners)
        yield replace(
            first,
            what="",
            shared=True,
            operation="update",
            because="",
            protected=False,
            properties=(shown,),
            names=names,
            kinds=kinds,
        )


def _key(told: Property) -> tuple[Any, ...]:
    """Return what two properties have in common that change in the same way: of texts the lines that differ."""
    return (
        told.path,
        told.marks,
        tuple((each.environments, each.old, each.new, said_lines(each.lines)) for each in told.values),
    )


def _merged_names(items: Iterable[_Item]) -> list[_Item]:
    """Return items with the same change in several environments as one, whoever it is of there."""
    groups: dict[tuple[object, ...], list[_Item]] = defaultdict(list)
    for item in items:
        groups[item.alike()].append(item)
    return [_one_of(group) for group in groups.values()]


def _merged_values(items: Iterable[_Item]) -> list[_Item]:
    """Return items of the same things in several environments as one, each value with where it is so."""
    groups: dict[object, list[_Item]] = defaultdict(list)
    for item in items:
        groups[item.same_things() or item].append(item)
    return [group[0] if len(group) == 1 else _with_values(group) for group in groups.values()]


def _with_values(group: list[_Item]) -> _Item:
    properties = []
    for index, told in enumerate(group[0].properties):
        found: dict[object, list[str]] = defaultdict(list)
        shown: dict[object, Value] = {}
        for item in group:
            (value,) = item.properties[index].values
            key = (value.old, value.new, said_lines(value.lines))
            found[key] += [environment for environment, _ in item.names]
            shown.setdefault(key, value)
        alone = len(found) == 1
        values = (replace(shown[key], environments=() if alone else tuple(sorted(found[key]))) for key in found)
        properties.append(replace(told, values=tuple(sorted(values))))
    return replace(_one_of(group), properties=tuple(properties))
