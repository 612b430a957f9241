"""Promoting a release: the order of environments, which release may follow which, the line that changes. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, ScalarNode

from infra.model.rules.finding import Finding
from infra.review.compatibility import kubernetes_step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from infra.model.promotion import Promotion
    from infra.model.release import Release

SOURCE = "stacks/promotion.yaml"
_KEY = "release"
_QUOTES = ("", '"', "'")


class NotOnOneLine(ValueError):
    """A document whose release does not stand on one line, as a text of its own."""


def order_refusals(promotion: Promotion, environments: Collection[str]) -> Iterator[Finding]:
    """Yield what is wrong with an order by itself: environments that are none, or that it names twice."""
    for index, name in enumerate(promotion.order):
        place = f"order[{index}]"
        if name not in environments:
            known = ", ".join(sorted(environments)) or "none"
            yield Finding(place, name, "is no environment", f"environments here: {known}")
        elif name in promotion.order[:index]:
            yield Finding(place, name, "stands twice in the order", "keep one of the two")


def step_refusals(promotion: Promotion, source: str, target: str) -> Iterator[Finding]:
    """Yield why the order does not lead from one environment to the other at once."""
    order = promotion.order
    absent = [name for name in (source, target) if name not in order]
    for name in absent:
        fix = f"add it where it belongs, or write its release by hand: stacks/environments/{name}.yaml"
        yield Finding("order", ", ".join(order), f"does not name {name}", fix)
    if absent or source == target:
        return
    between = order[order.index(source) + 1 : order.index(target)]
    if order.index(target) < order.index(source):
        fix = f"promote from {target} to {source}"
        yield Finding("order", ", ".join(order), f"has {target} before {source}", fix)
    elif between:
        chain = [source, *between, target]
        steps = ", then ".join(f"./slipway promote {one} {other}" for one, other in pairwise(chain))
        reason = f"has {', '.join(between)} between {source} and {target}"
        yield Finding("order", ", ".join(order), reason, f"one after the other: {steps}")


def succession_refusals(old: Release, new: Release, *, back: bool) -> Iterator[Finding]:
    """Yield why a release can't follow the one that an environment has; `back` lets it be an older one."""
    if not back and is_older(new.version, old.version):
        fix = "add --back if that is meant"
        yield Finding(_KEY, new.version, f"is older than {old.version}, which the environment has", fix)
    step = kubernetes_step(old, new)
    if step is not None:
        yield Finding(_KEY, new.version, step, "promote a release with a version of Kubernetes between the two first")


def is_older(one: str, other: str) -> bool:
    """Whether a release's version is older than another one's."""
    return _numbers(one) < _numbers(other)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def promoted_text(text: str, version: str) -> str:
    """Return an environment document with another release: the version is replaced, nothing else, not a byte.

    Raises `NotOnOneLine` where the release is no plain or quoted text of its own: an alias, a block, or not there.
    """
    node = _release_node(text)
    if node is None or not node.value:
        raise NotOnOneLine
    begin, end = node.start_mark.index, node.end_mark.index
    quote = next((each for each in _QUOTES if text[begin:end] == f"{each}{node.value}{each}"), None)
    if quote is None:
        raise NotOnOneLine
    changed = f"{text[:begin]}{quote}{version}{quote}{text[end:]}"
    found = _release_node(changed)
    if found is None or found.value != version or found.start_mark.index != begin:
        raise NotOnOneLine
    return changed


def _release_node(text: str) -> ScalarNode | None:
    """Return the node of the release's version in a document, or None. Raises what the YAML reader raises."""
    document = YAML(typ="rt", pure=True).compose(text)
    if not isinstance(document, MappingNode):
        return None
    found = [
        (key, value)
        for key, value in document.value
        if isinstance(key, ScalarNode) and key.value == _KEY and isinstance(value, ScalarNode)
    ]
    if len(found) != 1:
        return None
    key, value = found[0]
    return value if value.start_mark.index > key.start_mark.index else None  # else an alias of something before
