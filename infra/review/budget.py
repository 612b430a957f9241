"""How much of a report is shown, and what was left out of it. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Entry = TypeVar("Entry")
LEAST = 2_000  # characters: what a page needs that says its verdict and no more


class Full(Exception):
    """A page that would have more characters than it may."""


@dataclass(frozen=True)
class Detail:
    """How much is shown: lines of each text, properties of each change, changes of each place, places.

    `names` is how many names a list has, `characters` how many one value has. `items` is how many dangers, findings
    of rules, changes of GPUs and differences of releases there are: they are the last to go.
    """

    text_lines: int
    properties: int
    changes: int
    places: int
    names: int
    characters: int
    items: int


PAGE = Detail(2_000, 1_000, 5_000, 5_000, 5_000, 20_000, 10_000)  # of a file that is opened in a browser
_COMMENT = Detail(300, 200, 500, 500, 40, 400, 200)  # of what stands under a merge request, where there is room


def _levels() -> Iterator[Detail]:
    """Yield less and less: texts first, then properties, then changes, and at last what always stays where it can."""
    detail = _COMMENT
    yield detail
    for lines in (80, 30, 12, 4, 0):
        detail = replace(detail, text_lines=lines)
        yield detail
    for properties, characters in ((40, 300), (12, 200), (4, 200), (1, 120), (0, 120)):
        detail = replace(detail, properties=properties, characters=characters)
        yield detail
    for changes, places, names in ((100, 200, 20), (30, 100, 10), (10, 60, 6), (3, 40, 4), (0, 40, 4), (0, 10, 4)):
        detail = replace(detail, changes=changes, places=places, names=names)
        yield detail
    for items, characters in ((60, 120), (20, 120), (6, 80), (2, 60), (0, 40)):
        detail = replace(detail, items=items, characters=characters, places=min(items, 10), names=min(items, 4))
        yield detail


LEVELS = tuple(_levels())


class Page:
    """Lines of a page that has room for some characters; `left` counts what was left out, by what it is."""

    def __init__(self, room: int) -> None:
        self.lines: list[str] = []
        self.left: Counter[str] = Counter()
        self._room = room

    def add(self, *lines: str) -> None:
        """Add lines. Raises `Full`."""
        for line in lines:
            self._room -= len(line) + 1
            if self._room < 0:
                raise Full
            self.lines.append(line)

    def first(self, entries: Sequence[Entry], most: int, what: str) -> Sequence[Entry]:
        """Return the first of some entries, and count the others as left out: `what` they are, in the plural."""
        if len(entries) > most:
            self.left[what] += len(entries) - most
        return entries[:most]
