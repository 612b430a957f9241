"""The only Jinja2 environment: strict, and with delimiters that collide with no YAML, shell or Go template."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

PAGES = "pages/"  # templates of what browsers show
TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


def render(template: str, values: dict[str, Any]) -> str:
    """Return a template of `templates/`, filled with `values`.

    In a template: `<{ value | yaml }>` places a value, `<{ text | block(6) }>` lines of text that people read, indented
    by 6 spaces, `<% if ... %>` decides, `<# ... #>` is a note that is not rendered. Raises `jinja2.UndefinedError` for
    a value that the template needs and does not get.
    """
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        variable_start_string="<{",
        variable_end_string="}>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=lambda name: bool(name and name.startswith(PAGES)),  # noqa: S701 - YAML is escaped by its filter
    )
    environment.filters["yaml"] = _as_yaml
    environment.filters["block"] = _as_block
    return environment


_SURROGATES = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")


def _as_yaml(value: object) -> str:
    r"""Return a value as a YAML flow scalar, list or mapping: JSON, which no quote or line break can leave.

    JSON writes characters past U+FFFF as two halves, which YAML does not put together again; YAML has \U for them.
    """
    return _SURROGATES.sub(_whole_character, json.dumps(value, ensure_ascii=True, sort_keys=True))


def _whole_character(halves: re.Match[str]) -> str:
    high, low = (int(half, 16) for half in halves.groups())
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _as_block(text: str, indent: int) -> str:
    """Return lines as a YAML literal block, which nothing in them can leave; odd texts as `_as_yaml` does."""
    lines = text.split("\n")
    plain = all(line.isprintable() for line in lines) and not text.startswith((" ", "\n"))
    if not plain or not text.endswith("\n") or text.endswith("\n\n"):
        return _as_yaml(text)
    return "|\n" + "\n".join(f"{' ' * indent}{line}" if line else "" for line in lines[:-1])
