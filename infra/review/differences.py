"""Values before and after as people compare them: texts of several lines line by line. Pure."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from infra.components.secrets_mark import ANNOTATION as SECRETS_MARK
from infra.review.machines import MACHINE, restarting
from infra.review.told import Property, Value

if TYPE_CHECKING:
    from infra.review.model import PropertyChange

_CONTEXT = 2  # lines around a difference
_POSITION = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@.*")
FORCES, RESTARTS = "forces replacement", "restarts the machine"
STARTS_ANEW = "a Secret of its pods has changed: they are started anew"
_SECRETS_MARK = f'["{SECRETS_MARK}"]'


def told_property(type_: str, operation: str, change: PropertyChange) -> Property:
    """Return a property as it is told: a resource's type and operation say what it means."""
    marks = [FORCES] if change.replaces else []
    if type_ == MACHINE and operation == "update" and restarting([change.path]):
        marks.append(RESTARTS)
    if change.path.endswith(_SECRETS_MARK):
        marks.append(STARTS_ANEW)
    return Property(change.path, (told_value(change.old, change.new),), tuple(marks))


def told_value(old: str, new: str) -> Value:
    """Return a value before and after; lines that differ where one of the two has several lines."""
    if "\n" not in old.rstrip("\n") and "\n" not in new.rstrip("\n"):
        return Value((), old, new)
    lines = difflib.unified_diff(_lines(old), _lines(new), lineterm="", n=_CONTEXT)
    found = tuple(lines)[2:]
    return Value((), "", "", readable(found)) if found else Value((), old, new)


def _lines(text: str) -> list[str]:
    """Return the lines of a text; only line feeds end one, so that a carriage return is seen."""
    return text.removesuffix("\n").split("\n") if text else []


def readable(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return a unified difference whose positions say only the line, as `@@ line 12 @@`."""
    return tuple(_POSITION.sub(r"@@ line \2 @@", line) for line in lines)
