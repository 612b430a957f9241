"""What differs between two revisions of an environment: its document, its GPUs, the texts that are made of it. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from infra.review.model import GpuChange, PropertyChange, TextChange, as_text
from infra.review.property_paths import MISSING, differences, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Placed = tuple[Mapping[str, Any], Mapping[str, Any]]  # a document and its placement lock, empty where there is none

_CONTEXT = 2  # lines around a difference
_MOST_NEW = 40  # lines of a text that is new or gone and is shown whole


def document_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[PropertyChange, ...]:
    """Return how two documents, as plain data, differ, by path."""
    return tuple(
        PropertyChange(path_of(parts), _shown(was), _shown(now))
        for parts, was, now in differences(dict(old), dict(new))
    )


@dataclass(frozen=True)
class Seat:
    """The GPUs of a node: `what` they are (`2 x H100 PCIe`), `where` (host and devices, or the cluster of hosts)."""

    what: str
    where: str

    def __str__(self) -> str:
        """Return both as one text."""
        return f"{self.what} on {self.where}"


def gpu_changes(environment: str, old: Placed, new: Placed) -> tuple[GpuChange, ...]:
    """Return whose GPUs change between two revisions: each the document and the placement lock, as plain data."""
    before, after = dict(_seats(environment, *old)), dict(_seats(environment, *new))
    found = []
    for node in sorted({*before, *after}):
        was, now = before.get(node), after.get(node)
        if was != now:
            found.append(GpuChange(_kind(was, now), environment, node, str(was or ""), str(now or "")))
    return tuple(found)


def _kind(was: Seat | None, now: Seat | None) -> Literal["gained", "lost", "moved", "changed"]:
    if was is None or now is None:
        return "gained" if was is None else "lost"
    return "moved" if was.what == now.what else "changed"


def _difference(before: list[str], after: list[str]) -> tuple[str, ...]:
    """Return how a text differs; of a long one that is new or gone only how long it is: nothing in it differs."""
    for sign, one, other in (("+", after, before), ("-", before, after)):
        if not other and len(one) > _MOST_NEW:
            return (f"{sign}[a text of {len(one)} lines]",)
    return tuple(difflib.unified_diff(before, after, lineterm="", n=_CONTEXT))[2:]


def _seats(environment: str, document: Mapping[str, Any], lock: Mapping[str, Any]) -> Iterator[tuple[str, Seat]]:
    """Yield every node with GPUs and what it gets: devices of a host, or a share of boards of a cluster of hosts."""
    seats = lock.get("nodes", {})
    for pool, each in sorted(lock.get("pools", {}).items()):
        what = f"{each.get('count', 1)} x {each.get('profile') or each.get('board', '')}"
        for number in range(1, document.get("nodePools", {}).get(pool, {}).get("count", 0) + 1):
            node = f"{environment}-{pool}-{number}"
            seat = seats.get(node)
            where = f"{seat['host']} ({', '.join(seat['devices'])})" if seat else each.get("cluster", "")
            yield node, Seat(what, where)


def text_changes(environment: str, old: Mapping[str, str], new: Mapping[str, str]) -> tuple[TextChange, ...]:
    """Return which texts differ and how, as unified differences, by name."""
    found = []
    for name in sorted({*old, *new}):
        before, after = old.get(name, ""), new.get(name, "")
        if before != after:
            found.append(TextChange(f"{environment}: {name}", _difference(before.splitlines(), after.splitlines())))
    return tuple(found)


def _shown(value: Any) -> str:  # noqa: ANN401
    return "" if value is MISSING else as_text(value)
