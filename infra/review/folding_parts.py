"""What a review tells besides changes of resources, said once for all environments that it holds for. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from infra.review.differences import readable, told_value
from infra.review.told import (
    Finding,
    Property,
    Text,
    ToldDanger,
    ToldGpu,
    ToldRelease,
    ToldRule,
    ToldStaleness,
    said_lines,
)
from infra.review.words import natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from infra.review.model import Danger, EnvironmentReview, LayerReview, RuleResult, Staleness
    from infra.review.told import Block, Names, Value

_FIRST_BOOT = re.compile(r"first boot of (\S+): (.+)")
_GPU_ORDER = ("lost", "changed", "moved", "gained")


def by_environment(pairs: Iterable[tuple[str, str]]) -> Names:
    """Return names by environment, all in their order, none twice."""
    found: dict[str, set[str]] = defaultdict(set)
    for environment, name in pairs:
        found[environment].add(name)
    return tuple((each, tuple(sorted(found[each], key=natural))) for each in sorted(found))


def told_dangers(dangers: Iterable[Danger]) -> tuple[ToldDanger, ...]:
    """Return dangers, the worst first; the same one in several environments once."""
    groups: dict[tuple[int, str, str], list[Danger]] = defaultdict(list)
    for each in dangers:
        groups[each.rank, each.what, each.why].append(each)
    found = []
    for rank, what, why in sorted(groups):
        group = [(*each.stack.partition(".")[::2], each.subjects) for each in groups[rank, what, why]]
        names = by_environment((environment, name) for environment, _, subjects in group for name in subjects)
        found.append(ToldDanger(rank, what, why, names, tuple(sorted({layer for _, layer, _ in group}))))
    return tuple(found)


def told_rules(results: Iterable[RuleResult]) -> tuple[ToldRule, ...]:
    """Return what rules found: first what refuses the change, last what is excepted; the same message once."""
    rules: dict[tuple[int, str, str], dict[tuple[str, str], set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in results:
        order = 0 if each.refuses else 2 if each.excepted else 1
        rules[order, each.rule, each.reason][each.message, each.excepted].add(each.subject)
    found = []
    for key in sorted(rules):
        order, rule, reason = key
        findings = (
            Finding(said, tuple(sorted(names, key=natural)), until) for (said, until), names in rules[key].items()
        )
        found.append(ToldRule(rule, order == 0, reason, tuple(sorted(findings))))
    return tuple(found)


def told_gpus(environments: Iterable[EnvironmentReview]) -> tuple[ToldGpu, ...]:
    """Return whose GPUs change, the same change of several nodes once; what is lost comes first."""
    groups: dict[tuple[int, str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for each in environments:
        for change in each.gpus:
            key = (_GPU_ORDER.index(change.kind), change.kind, change.old, change.new)
            groups[key].append((change.environment, change.node))
    return tuple(ToldGpu(key[1], *key[2:], by_environment(groups[key])) for key in sorted(groups))


def told_releases(environments: Iterable[EnvironmentReview]) -> tuple[ToldRelease, ...]:
    """Return how releases differ, once for all environments that go from one to the same other.

    An environment whose document before is not known goes from nothing: there is nothing to compare.
    """
    groups: dict[tuple[str, str, tuple[tuple[str, str, str], ...]], set[str]] = defaultdict(set)
    for each in environments:
        changes = tuple(sorted((change.name, change.old, change.new) for change in each.release_changes))
        if changes or (each.release[0] and each.release[0] != each.release[1]):
            groups[(*each.release, changes)].add(each.environment)
    return tuple(ToldRelease(tuple(sorted(groups[key])), *key) for key in sorted(groups))


def told_documents(environments: Sequence[EnvironmentReview]) -> tuple[Property, ...]:
    """Return how documents differ, path by path, each value with the environments that it is so in."""
    paths: dict[str, dict[Value, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in environments:
        for change in each.documents:
            paths[change.path][told_value(change.old, change.new)].add(each.environment)
    told = []
    for path in sorted(paths, key=natural):
        alone = all(len(found) == len(environments) for found in paths[path].values())
        values = (
            replace(value, environments=() if alone else tuple(sorted(found))) for value, found in paths[path].items()
        )
        told.append(Property(path, tuple(sorted(values))))
    return tuple(told)


def told_texts(environments: Iterable[EnvironmentReview]) -> tuple[Text, ...]:
    """Return texts that differ, those that differ in the same way once, with one of the differences."""
    groups: dict[tuple[str, tuple[str, ...]], list[tuple[str, str, tuple[str, ...]]]] = defaultdict(list)
    for each in environments:
        for change in each.texts:
            title, name = _title(change.name.removeprefix(f"{each.environment}: "))
            groups[title, said_lines(change.lines)].append((each.environment, name, change.lines))
    found = []
    for title, said in sorted(groups, key=lambda key: (natural(key[0]), key[1])):
        group = sorted(groups[title, said])
        names = by_environment((environment, name) for environment, name, _ in group)
        found.append(Text(title, names, readable(group[0][2])))
    return tuple(found)


def _title(name: str) -> tuple[str, str]:
    """Return the title of a text, and whose it is where there may be one of each node."""
    match = _FIRST_BOOT.fullmatch(name)
    return (f"first boot: {match[2]}", match[1]) if match else (name, "")


def with_texts_named(blocks: Iterable[Block], texts: Iterable[Text]) -> tuple[Block, ...]:
    """Return blocks whose properties name a text that differs in the same way, and is told by itself."""
    titles: dict[tuple[str, ...], str] = {}
    for each in texts:
        titles.setdefault(said_lines(each.lines), each.title)
    return tuple(
        replace(
            block,
            changes=tuple(
                replace(change, properties=tuple(_named(told, titles) for told in change.properties))
                for change in block.changes
            ),
            shared=tuple(replace(each, told=_named(each.told, titles)) for each in block.shared),
        )
        for block in blocks
    )


def _named(told: Property, titles: dict[tuple[str, ...], str]) -> Property:
    found = {titles.get(said_lines(value.lines), "") if value.lines else "" for value in told.values}
    return replace(told, see=found.pop()) if len(found) == 1 else told


def told_staleness(layers: Iterable[LayerReview]) -> tuple[ToldStaleness, ...]:
    """Return what previews were made of, the same once; the stack's state is left out: each has its own."""
    groups: dict[tuple[tuple[str, str], ...], set[str]] = defaultdict(set)
    for layer in layers:
        facts = tuple(_facts(layer.staleness))
        if facts:
            groups[facts].add(layer.stack)
    return tuple(ToldStaleness(tuple(sorted(groups[facts])), facts) for facts in sorted(groups))


def _facts(staleness: Staleness) -> Iterable[tuple[str, str]]:
    if staleness.revision:
        yield "revision", staleness.revision
    if staleness.engine:
        yield "pulumi", staleness.engine
    yield from staleness.plugins
    if staleness.inventory_age_days is not None:
        days = staleness.inventory_age_days
        yield "inventory read", "today" if days == 0 else "1 day before" if days == 1 else f"{days} days before"
