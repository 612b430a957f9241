"""Tables of kinds of resources: what is lost when one is deleted, what does not work while one is changed."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from infra.plain_yaml import read_yaml
from infra.review.rules.protected_kinds import protected_kinds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.review.model import ResourceChange


class StatefulKind(BaseModel):
    """A kind that holds something: its `type` (a pattern), what it `holds`, the `operations` that lose it.

    `grave` says that it is lost for good.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    holds: str
    grave: bool = True
    operations: tuple[Literal["delete", "replace"], ...] = ("delete", "replace")
    source: str


class Interruption(BaseModel):
    """A change that people notice: the `type` (a pattern), `component` and `operations` it is of, and `why` they do.

    `below` is the property that has to change, with all that is in it; nothing stands for any.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    component: str = ""
    operations: tuple[Literal["update", "delete", "replace"], ...]
    below: str = ""
    why: str
    source: str

    def covers(self, change: ResourceChange) -> bool:
        """Whether a change is one of this kind."""
        return (
            change.operation in self.operations
            and self.component in ("", change.component)
            and fnmatchcase(change.type, self.type)
            and (not self.below or any(_is_below(each.path, self.below) for each in change.properties))
        )


def _is_below(path: str, top: str) -> bool:
    return path == top or path.startswith((f"{top}.", f"{top}["))


@cache
def stateful_kinds() -> tuple[StatefulKind, ...]:
    """Return all kinds that hold something: those that a rule protects, and those of `stateful_kinds.yaml`."""
    protected = (
        StatefulKind(type=each.type, holds=each.holds, operations=each.operations, source=each.source)
        for each in protected_kinds()
    )
    return (*protected, *(StatefulKind(**each) for each in _rows("stateful_kinds.yaml")))


@cache
def interruptions() -> tuple[Interruption, ...]:
    """Return the table of interruptions, in its order."""
    return tuple(Interruption(**each) for each in _rows("interruptions.yaml"))


def kind_of_loss(change: ResourceChange, kinds: Iterable[StatefulKind]) -> StatefulKind | None:
    """Return the kind that is lost by a change, or None."""
    return next(
        (each for each in kinds if change.operation in each.operations and fnmatchcase(change.type, each.type)), None
    )


def _rows(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_yaml(Path(__file__).with_name(name).read_bytes())
    return rows
