"""The table of kinds that hold data or identity: `protected_kinds.yaml`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from infra.plain_yaml import read_yaml


class ProtectedKind(BaseModel):
    """One kind: its `type` (a pattern), what it `holds`, the `fix`, the `operations` that lose it, and the `source`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    holds: str
    fix: str
    operations: tuple[Literal["delete", "replace"], ...] = ("delete", "replace")
    source: str


@cache
def protected_kinds() -> tuple[ProtectedKind, ...]:
    """Return the whole table, in its order."""
    file = Path(__file__).with_name("protected_kinds.yaml")
    return tuple(ProtectedKind(**each) for each in read_yaml(file.read_bytes()))


def protected_kind(type_: str) -> ProtectedKind | None:
    """Return what the table says of a type of the engine, or None."""
    return next((each for each in protected_kinds() if fnmatchcase(type_, each.type)), None)
