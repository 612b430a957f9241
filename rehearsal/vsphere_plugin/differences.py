"""What a change of inputs does: pure, from the table in behaviour.yaml, after the official plugin's decisions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rehearsal.vsphere_plugin.values import Properties

Kind = Literal["add", "update", "delete"]


@dataclass(frozen=True)
class Difference:
    """One changed property: its full path, what happened to it, and whether it forces a replacement or a restart."""

    path: str
    kind: Kind
    replaces: bool
    restarts: bool


@cache
def behaviour(token: str) -> dict[str, dict[str, object]]:
    """Return the table of a token's served properties: `change`, and `default`, `absent` and `parts` where there are.

    behaviour.yaml explains them.
    """
    table = YAML(typ="safe").load(Path(__file__).with_name("behaviour.yaml").read_text(encoding="utf-8"))
    found: dict[str, dict[str, object]] = table[token]
    return found


@cache
def tokens() -> frozenset[str]:
    """Return the resource tokens that are served."""
    table = YAML(typ="safe").load(Path(__file__).with_name("behaviour.yaml").read_text(encoding="utf-8"))
    return frozenset(table)


def with_defaults(token: str, inputs: Properties) -> Properties:
    """Return the inputs with the defaults filled in, and their names in `__defaults` as the official plugin does."""
    defaults = {
        name: entry["default"] for name, entry in behaviour(token).items() if "default" in entry and name not in inputs
    }
    return {**defaults, **inputs, "__defaults": sorted(defaults)}


def differences(token: str, state: Properties, inputs: Properties) -> list[Difference]:
    """Return what differs between the state of a resource and its inputs, by path.

    A property that the inputs leave out is the vCenter's to choose and differs from nothing, but for those that the
    table has an `absent` value for. An imported machine differs in nothing that it would be cloned from.
    """
    found: list[Difference] = []
    for name, entry in sorted(behaviour(token).items()):
        if (name not in inputs and "absent" not in entry) or (name == "clone" and state.get("imported")):
            continue
        change = entry["change"]
        before, after = state.get(name, entry.get("absent")), inputs.get(name, entry.get("absent"))
        paths = _changed_disks(before, after) if name == "disks" else _changed_paths(name, before, after)
        for path, kind in paths:
            restarts = change == "restart" or path.endswith("].unitNumber")
            found.append(Difference(path, kind, change == "replace", restarts))
    if state.get("imported"):
        found.append(Difference("imported", "update", replaces=False, restarts=False))
    return found


def is_ignored(difference: Difference, paths: Iterable[str]) -> bool:
    """Whether a difference is at or below one of the paths whose changes the program ignores."""
    return any(difference.path == path or difference.path.startswith((f"{path}.", f"{path}[")) for path in paths)


def _changed_paths(path: str, old: object, new: object) -> list[tuple[str, Kind]]:
    """Return the paths that differ; of an object or list only what the new value names is compared."""
    if old == new:
        return []
    if isinstance(new, dict) and isinstance(old, dict):
        keys = [key for key in sorted(new) if not key.startswith("__")]
        return [pair for key in keys for pair in _changed_paths(_joined(path, key), old.get(key), new[key])]
    if isinstance(new, list) and isinstance(old, list) and not all(isinstance(part, str) for part in [*new, *old]):
        pairs = [
            pair for i, part in enumerate(new[: len(old)]) for pair in _changed_paths(f"{path}[{i}]", old[i], part)
        ]
        added: list[tuple[str, Kind]] = [(f"{path}[{i}]", "add") for i in range(len(old), len(new))]
        removed: list[tuple[str, Kind]] = [(f"{path}[{i}]", "delete") for i in range(len(new), len(old))]
        return [*pairs, *added, *removed]
    if isinstance(new, list) and isinstance(old, list) and sorted(map(str, new)) == sorted(map(str, old)):
        return []
    return [(path, _kind(old, new))]


def _changed_disks(old: object, new: object) -> list[tuple[str, Kind]]:
    """Return the paths that differ, with the positions that the disks have in the state: a label names a disk."""
    if not isinstance(old, list) or not isinstance(new, list):
        return _changed_paths("disks", old, new)
    places = {disk.get("label"): place for place, disk in enumerate(old)}
    changed: list[tuple[str, Kind]] = []
    for disk in new:
        place = places.pop(disk.get("label"), None)
        if place is None:
            changed.append((f"disks[{len(old) + sum(kind == 'add' for _, kind in changed)}]", "add"))
        else:
            changed += _changed_paths(f"disks[{place}]", {"unitNumber": 0, **old[place]}, {"unitNumber": 0, **disk})
    return [*changed, *((f"disks[{place}].label", "update") for place in places.values())]


def _kind(old: object, new: object) -> Kind:
    if new is None:
        return "delete"
    return "update" if old is not None else "add"


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if key.isidentifier() else f'{path}["{key}"]'
