"""Which properties and types there are: taken from the installed `pulumi_vsphere`.

It has them from the official plugin's schema. What it does not know, or this plugin does not serve, is refused by name.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, get_args, get_origin

import pulumi_vsphere
from pulumi._types import input_type_py_to_pulumi_names, input_type_types, unwrap_type

from rehearsal.vsphere_plugin.values import UNKNOWN, Properties


@cache
def input_types(token: str) -> dict[str, Any]:
    """Return the input properties of a resource token by their Pulumi name, with their Python types."""
    return _properties_of(getattr(pulumi_vsphere, f"{token.rpartition(':')[2]}Args"))


def unknown_properties(token: str, inputs: Properties, served: set[str]) -> dict[str, str]:
    """Return why inputs are refused, by property path: unknown, not served in rehearsals, or of another type."""
    types = input_types(token)
    problems: dict[str, str] = {}
    for name, value in inputs.items():
        if name.startswith("__"):
            continue
        if name not in types:
            problems[name] = f"{token} has no property {name}"
        elif name not in served:
            problems[name] = f"the vSphere plugin for rehearsals does not serve {name} of {token}"
        else:
            problems |= _type_problems(name, value, types[name])
    return problems


def _type_problems(path: str, value: Any, expected: Any) -> dict[str, str]:
    expected = unwrap_type(expected)
    if value is None or value == UNKNOWN:
        return {}
    origin = get_origin(expected)
    if origin in (list, tuple) or getattr(origin, "__name__", "") == "Sequence":
        return _list_problems(path, value, get_args(expected)[0])
    if origin is dict or getattr(origin, "__name__", "") == "Mapping":
        return {} if isinstance(value, dict) else {path: "is not a mapping"}
    if isinstance(expected, type) and hasattr(expected, "_pulumi_input_type"):
        return _object_problems(path, value, expected)
    if isinstance(expected, type) and expected in (str, int, bool, float):
        return {} if _fits(value, expected) else {path: f"{value!r} is not of type {expected.__name__}"}
    return {}


def _list_problems(path: str, value: Any, expected: Any) -> dict[str, str]:
    if not isinstance(value, list):
        return {path: "is not a list"}
    found: dict[str, str] = {}
    for index, part in enumerate(value):
        found |= _type_problems(f"{path}[{index}]", part, expected)
    return found


def _object_problems(path: str, value: Any, expected: type) -> dict[str, str]:
    if not isinstance(value, dict):
        return {path: "is not an object"}
    types = _properties_of(expected)
    found: dict[str, str] = {}
    for name, part in value.items():
        if name.startswith("__"):
            continue
        if name in types:
            found |= _type_problems(f"{path}.{name}", part, types[name])
        else:
            found[f"{path}.{name}"] = f"{path} has no property {name}"
    return found


def _fits(value: object, expected: type) -> bool:
    """Whether a value is of a scalar type; the wire has strings for some numbers and booleans, as the engine allows."""
    if isinstance(value, expected) and not (expected is int and isinstance(value, bool)):
        return True
    if isinstance(value, str):
        return (expected is int and re.fullmatch(r"-?[0-9]+", value) is not None) or (
            expected is bool and value in ("true", "false")
        )
    return expected is float and isinstance(value, int)


def _properties_of(arguments: type) -> dict[str, Any]:
    python_names = input_type_py_to_pulumi_names(arguments)
    types = input_type_types(arguments)
    return {python_names[name]: types.get(python_names[name], types.get(name)) for name in python_names}
