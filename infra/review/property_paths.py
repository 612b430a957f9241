"""Paths of properties as the engine writes them, and the differences below them, down to single values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Part = str | int
# Pulumi, resource.PropertyPath: `a.b`, `a[0]`, `a["b.c"]`
_PART = re.compile(r'\[(?P<number>\d+)\]|\["(?P<quoted>(?:[^"\\]|\\.)*)"\]|\.?(?P<plain>[^.\[\]]+)')
_PLAIN = re.compile(r"[A-Za-z0-9_$-]+")


class Missing:
    """Stands for a value that is not there: None is one that is."""


MISSING = Missing()


def parts_of(path: str) -> tuple[Part, ...]:
    """Return the parts of a path: keys, and positions in lists."""
    found: list[Part] = []
    for match in _PART.finditer(path):
        number, quoted, plain = match.group("number", "quoted", "plain")
        if number is not None:
            found.append(int(number))
        elif quoted is not None:
            found.append(re.sub(r"\\(.)", r"\1", quoted))
        else:
            found.append(plain)
    return tuple(found)


def path_of(parts: tuple[Part, ...]) -> str:
    """Return the text of a path; keys that would be read as more than one part stand in quotes."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            quoted = part.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{quoted}"]'
    return text


def value_at(value: Any, parts: tuple[Part, ...]) -> Any:  # noqa: ANN401 - any value of a property
    """Return the value at a path, or `MISSING`."""
    for part in parts:
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return MISSING
    return value


def differences(old: Any, new: Any, parts: tuple[Part, ...] = ()) -> Iterator[tuple[tuple[Part, ...], Any, Any]]:  # noqa: ANN401
    """Yield the paths at which two values differ, down to what is no mapping and no list, with both values."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from differences(old.get(key, MISSING), new.get(key, MISSING), (*parts, key))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_lists(old, new, parts)
    elif old != new:
        yield parts, old, new


def _of_lists(old: list[Any], new: list[Any], parts: tuple[Part, ...]) -> Iterator[tuple[tuple[Part, ...], Any, Any]]:
    """Compare lists by the names of their entries where all have one, else by position."""
    before, after = _by_name(old), _by_name(new)
    if before is not None and after is not None:
        for name in sorted({*before, *after}):
            index, value = after.get(name) or before[name]
            del value
            yield from differences(
                before[name][1] if name in before else MISSING,
                after[name][1] if name in after else MISSING,
                (*parts, index),
            )
        return
    for index in range(max(len(old), len(new))):
        here = (*parts, index)
        yield from differences(
            old[index] if index < len(old) else MISSING, new[index] if index < len(new) else MISSING, here
        )


def _by_name(entries: list[Any]) -> Mapping[str, tuple[int, Any]] | None:
    names = [each.get("name") if isinstance(each, dict) else None for each in entries]
    if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        return None
    return {str(name): (index, entries[index]) for index, name in enumerate(names)}
