"""The only Jinja2 environment: strict, and with delimiters that collide with no YAML, shell or Go template."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


def render(template: str, values: dict[str, Any]) -> str:
    """Return a template of `templates/`, filled with `values`.

    In a template: `<{ value | yaml }>` places a value, `<% if ... %>` decides, `<# ... #>` is a note that is not
    rendered. Raises `jinja2.UndefinedError` for a value that the template needs and does not get.
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
        autoescape=False,  # noqa: S701 - no HTML here; YAML is escaped by the yaml filter below
    )
    environment.filters["yaml"] = _as_yaml
    return environment


def _as_yaml(value: object) -> str:
    """Return a value as a YAML flow scalar, list or mapping: JSON, which no quote or line break can leave."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True)
