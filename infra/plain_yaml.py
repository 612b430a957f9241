"""YAML by libyaml, as YAML 1.2 has it: fast, for the tables and templates of this project, and for people's documents.

What a document of people has that is out of the ordinary is left to a slower reader, which says what is wrong with it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

Location: TypeAlias = tuple[int | str, ...]

_TAG = "tag:yaml.org,2002:"
_TEXT, _INTEGER = f"{_TAG}str", f"{_TAG}int"
_SIGNS = list("-+0123456789")
# What other readers of YAML 1.2 take for a number or a date, and this one does not, or in another way.
_UNUSUAL = re.compile(r"[-+]?[0-9][0-9.]*_.*|[-+]?0[0-9_]+|[-+]?0[xob].*|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|=")

_OTHER_LINE_ENDS = "\x85\u2028\u2029"  # of YAML 1.1: lines would be counted otherwise


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]
    """PyYAML's, without what YAML 1.1 makes of plain words: `on` and `no`, times of day, dates, octal numbers."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own name


# The core schema, https://yaml.org/spec/1.2.2/#103-core-schema, without octal and hexadecimal numbers.
_FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
for _name, _pattern, _first in (
    ("bool", "true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", "[-+]?[0-9]+", _SIGNS),
    ("float", _FLOAT, [*_SIGNS, "."]),
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", "<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(f"^(?:{_pattern})$"), _first)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Iterator[dict[Any, Any]]:
    """Return a mapping, as PyYAML does it. Raises `yaml.YAMLError` for a key that stands twice."""
    written: set[tuple[str, str]] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and (key.tag, key.value) in written:
            raise yaml.constructor.ConstructorError(None, None, f"key {key.value} stands twice", key.start_mark)
        written.add((key.tag, str(key.value)))
    yield from loader.construct_yaml_map(node)


_Loader.add_constructor(f"{_TAG}map", _mapping)
_Loader.add_constructor(_INTEGER, lambda _, node: int(node.value))


def read_yaml(text: str | bytes) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Return what a text holds: None for an empty one. Raises `yaml.YAMLError` for a text that is not YAML."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader


def read_all_yaml(text: str | bytes) -> Iterator[Any]:
    """Yield what each document of a text holds. Raises `yaml.YAMLError`."""
    yield from yaml.load_all(text, Loader=_Loader)


def read_with_lines(text: str) -> tuple[dict[str, Any], dict[Location, int]] | None:
    """Return a mapping and the line (1-based) of everything in it, by location.

    None for a text that is no mapping, or no YAML, or has anything out of the ordinary: keys that stand twice or are no
    texts, anchors and aliases, tags, numbers and dates of other readers.
    """
    if any(each in text for each in _OTHER_LINE_ENDS):
        return None
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            return None
        lines: dict[Location, int] = {}
        return dict(_value(loader, root, (), lines, set())), lines
    except (yaml.YAMLError, _OutOfTheOrdinary, RecursionError, ValueError):
        return None
    finally:
        loader.dispose()


class _OutOfTheOrdinary(Exception):
    """What the slower reader is for."""


def _value(loader: _Loader, node: yaml.Node, location: Location, lines: dict[Location, int], seen: set[int]) -> Any:  # noqa: ANN401
    """Return a node's value, and note the lines of what is in it. Raises `_OutOfTheOrdinary`."""
    if id(node) in seen:  # an alias
        raise _OutOfTheOrdinary
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        _ordinary(node.tag == f"{_TAG}map")
        found = {}
        for key, value in node.value:
            _ordinary(isinstance(key, yaml.ScalarNode) and key.tag == _TEXT and key.value not in found)
            _ordinary(not _UNUSUAL.fullmatch(key.value) and id(key) not in seen)
            lines[(*location, key.value)] = key.start_mark.line + 1
            found[key.value] = _value(loader, value, (*location, key.value), lines, seen)
        return found
    if isinstance(node, yaml.SequenceNode):
        _ordinary(node.tag == f"{_TAG}seq")
        for index, each in enumerate(node.value):
            lines[(*location, index)] = each.start_mark.line + 1
        return [_value(loader, each, (*location, index), lines, seen) for index, each in enumerate(node.value)]
    if node.style:  # in quotes, or a block
        _ordinary(node.tag == _TEXT)
    else:
        meant = loader.resolve(yaml.ScalarNode, node.value, (True, False))
        _ordinary(node.tag == meant and not _UNUSUAL.fullmatch(node.value))
    return loader.construct_object(node)


def _ordinary(is_so: bool) -> None:  # noqa: FBT001 - the one thing that is asked
    if not is_so:
        raise _OutOfTheOrdinary
