"""What the engine says of one resource, as a change that people read: whole paths, old and new, what forces what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.guest_info import unpacked
from infra.review.model import SECRET_CHANGED, UNKNOWN, Operation, PropertyChange, ResourceChange, as_text
from infra.review.property_paths import MISSING, Part, differences, parts_of, path_of, value_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# The engine's words for a step (sdk/go/common/apitype, OpType), and what they mean to people. Steps that are part of a
# replacement that is told by itself mean nothing more.
_OPERATIONS: dict[str, Operation] = {
    "create": "create",
    "update": "update",
    "replace": "replace",
    "delete": "delete",
    "import": "import",
    "import-replacement": "import",
    "remove-pending-replace": "delete",
}
_PARTS = ("create-replacement", "delete-replaced", "discard-replaced", "read-replacement")
QUIET = ("same", "read", "refresh", *_PARTS)
_SECRET = "[secret]"  # noqa: S105 - what the engine shows for one
_SECRET_MARK = "4dabf18193072939515e22adb298388d"  # noqa: S105 - sdk/go/common/resource, SigKey: begins a secret in JSON
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # sdk/go/common/resource/plugin, UnknownStringValue
# The plugin tells of what the API makes of a Secret, in the place of what was asked for.
_MADE_OF = (("data",), ("stringData",))
_PACKED = ("guestinfo.metadata", "guestinfo.userdata")


@dataclass(frozen=True)
class Step:
    """One step of a preview, as plain data.

    `operation` is the engine's word, `old` and `new` the inputs before and after (None where there are none), `state`
    what the provider has read or made of the old ones,
    `detailed` the kinds of differences by path as the provider tells them (`update`, `update-replace` ...), `keys` the
    properties that force a replacement, `retained` says that what is deleted is only forgotten, `parent` is the URN of
    what it stands in.
    """

    urn: str
    type: str
    operation: str
    old: Mapping[str, Any] | None = None
    new: Mapping[str, Any] | None = None
    state: Mapping[str, Any] | None = None
    detailed: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    protected: bool = False
    retained: bool = False
    parent: str = ""


def resource_change(step: Step) -> ResourceChange | None:
    """Return what a step changes, or None when it changes nothing."""
    if step.operation in QUIET:
        return None
    operation: Operation = _OPERATIONS.get(step.operation, "other")
    if operation == "delete" and step.retained:
        operation = "forget"
    properties = tuple(sorted(_of_one_name(_properties(step)))) if operation in ("update", "replace") else ()
    return ResourceChange(
        urn=step.urn,
        type=step.type,
        name=step.urn.rpartition("::")[2],
        component=component_of(step.parent),
        operation=operation,
        properties=properties,
        protected=step.protected,
    )


def component_of(parent: str) -> str:
    """Return the name of the component that a resource stands in, from its parent's URN; nothing below the stack."""
    return "" if "pulumi:pulumi:Stack::" in parent else parent.rpartition("::")[2]


def _properties(step: Step) -> Iterator[PropertyChange]:
    """Yield the properties that differ: where the provider names them, below these; else all inputs compared."""
    told = step.detailed or dict.fromkeys(step.keys, "update-replace")
    old, new = dict(step.old or {}), dict(step.new or {})
    seen: set[str] = set()
    for path, kind in sorted(told.items()):
        parts = parts_of(path)
        before, after = _at(old, parts), _at(new, parts)
        if before is after is MISSING and parts[:1] == _MADE_OF[0]:
            parts = (*_MADE_OF[1], *parts[1:])
            before, after = _at(old, parts), _at(new, parts)
        if before == after and not _is_secret(before):  # what was asked for stays: what is there differs from it
            before = value_at(dict(step.state or {}), parts)
        for where, was, is_now in differences(before, after, parts) if before != after else [(parts, before, after)]:
            name = path_of(where)
            if name not in seen:
                seen.add(name)
                yield _change(name, was, is_now, replaces=kind.endswith("-replace") or parts[:1] == _top(step, parts))
    if not told:
        for where, was, is_now in differences(old, new):
            yield _change(path_of(where), was, is_now, replaces=False)


def _of_one_name(properties: Iterable[PropertyChange]) -> list[PropertyChange]:
    """Return properties; what goes from the one name of a Secret's entries to the other is one that has changed."""
    found = {each.path: each for each in properties}
    (made, *_), (asked, *_) = _MADE_OF
    both = found.get(made), found.get(asked)
    if all(each is not None and SECRET_CHANGED in (each.old, each.new) for each in both):
        replaces = any(each.replaces for each in both if each is not None)
        del found[made]
        found[asked] = PropertyChange(asked, SECRET_CHANGED, SECRET_CHANGED, replaces)
    return list(found.values())


def _at(values: Mapping[str, Any], parts: tuple[Part, ...]) -> Any:  # noqa: ANN401 - any value of a property
    """Return the value at a path; where that is inside of something that is a secret as a whole, the secret."""
    found = value_at(values, parts)
    for length in range(1, len(parts)) if found is MISSING else ():
        around = value_at(values, parts[:length])
        if around == _SECRET or (isinstance(around, dict) and _SECRET_MARK in around):
            return around
    return found


def _top(step: Step, parts: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Return the first part of a path if it is one that forces the replacement, else nothing that equals it."""
    return parts[:1] if step.operation == "replace" and parts and str(parts[0]) in step.keys else None


def _change(path: str, old: Any, new: Any, *, replaces: bool) -> PropertyChange:  # noqa: ANN401
    if _is_secret(old) or _is_secret(new):
        return PropertyChange(path, _masked(old), _masked(new), replaces)
    return PropertyChange(path, _shown(path, old), _shown(path, new), replaces)


def _masked(value: Any) -> str:  # noqa: ANN401
    return "" if value is MISSING else SECRET_CHANGED


def _is_secret(value: Any) -> bool:  # noqa: ANN401
    """Whether a value is a secret, or has one inside."""
    if isinstance(value, dict):
        return _SECRET_MARK in value or any(_is_secret(each) for each in value.values())
    if isinstance(value, list):
        return any(_is_secret(each) for each in value)
    return bool(value == _SECRET)


def _shown(path: str, value: Any) -> str:  # noqa: ANN401
    if value is MISSING:
        return ""
    if value == _UNKNOWN:
        return UNKNOWN
    if isinstance(value, str) and path.endswith(tuple(f'"{each}"]' for each in _PACKED)):
        return unpacked(value)
    return as_text(value)
