"""Inputs that are refused by name: unknown to the official plugin, not served in rehearsals, or of another type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rehearsal.vsphere_plugin.values import UNKNOWN, Properties

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.schema import TypeTree


def refused_inputs(
    token: str, inputs: Properties, types: TypeTree, served: dict[str, dict[str, object]]
) -> dict[str, str]:
    """Return why inputs of a resource are refused, by property path; `served` is the table of served properties."""
    unserved = {name for name in types["object"] if name not in served}
    problems = {name: _unserved(name, token) for name in sorted(unserved & inputs.keys())}
    rest = {name: value for name, value in inputs.items() if name not in problems}
    return problems | _unserved_parts(token, rest, types, served) | _problems("", rest, types)


def _unserved_parts(
    token: str, inputs: Properties, types: TypeTree, served: dict[str, dict[str, object]]
) -> dict[str, str]:
    """Return the refusals of official parts that are not served, of objects and of objects in lists."""
    problems: dict[str, str] = {}
    for name, value in inputs.items():
        parts = served.get(name, {}).get("parts")
        if not isinstance(parts, list):
            continue
        tree: TypeTree = types["object"][name]
        official = set(tree.get("list", tree)["object"])
        entries = [(f"{name}[{i}]", entry) for i, entry in enumerate(value)] if isinstance(value, list) else []
        for path, entry in entries or [(name, value)]:
            if isinstance(entry, dict):
                problems |= {
                    f"{path}.{part}": _unserved(f"{path}.{part}", token)
                    for part in sorted(official & entry.keys() - set(parts))
                }
    return problems


def _unserved(path: str, token: str) -> str:
    return f"the vSphere plugin for rehearsals does not serve {path} of {token}"


def _problems(path: str, value: Any, expected: TypeTree) -> dict[str, str]:
    if value is None or value == UNKNOWN or not expected:
        return {}
    if "list" in expected:
        if not isinstance(value, list):
            return {path: "is not a list"}
        parts = [(f"{path}[{index}]", part, expected["list"]) for index, part in enumerate(value)]
    elif "map" in expected or "object" in expected:
        if not isinstance(value, dict):
            return {path: "is not an object"}
        known: dict[str, TypeTree] = expected.get("object", dict.fromkeys(value, expected.get("map", {})))
        plain = {name: part for name, part in value.items() if not name.startswith("__")}
        unknown = {f"{path}.{name}".lstrip("."): "there is no such property" for name in plain if name not in known}
        parts = [(f"{path}.{name}".lstrip("."), part, known[name]) for name, part in plain.items() if name in known]
        return unknown | {k: v for each in parts for k, v in _problems(*each).items()}
    else:
        return {} if _fits(value, expected["scalar"]) else {path: f"{value!r} is not a {expected['scalar']}"}
    return {k: v for each in parts for k, v in _problems(*each).items()}


def _fits(value: object, scalar: str) -> bool:
    """Whether a value is of a scalar type; the wire has text for some numbers and booleans, as the engine allows."""
    if scalar == "text":
        return isinstance(value, str)
    if scalar == "true or false":
        return isinstance(value, bool) or value in ("true", "false")
    if isinstance(value, str):
        return re.fullmatch(r"-?[0-9]+", value) is not None
    return not isinstance(value, bool) and isinstance(value, int if scalar == "whole number" else (int, float))
