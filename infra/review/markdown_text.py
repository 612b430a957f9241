"""Texts of others in Markdown: nothing in them ends the place that they stand in, formats, links or calls anybody.

What holds for every place: GitHub, GitLab and Gitea read names after `@`, and numbers after `#` and `!`, in prose only,
not in code (GitHub, "Basic writing and formatting syntax"; GitLab, "GitLab-specific references"). GitLab takes lines
that begin with `/` for commands, unless they stand in code: no line here begins with a text of others.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from infra.review.safe_text import clipped

if TYPE_CHECKING:
    from collections.abc import Iterable

_JOINER = "\u2060"  # word joiner: shows nothing, and keeps what stands before a name from being read as a mention
_SPECIAL = re.compile(r"[\\`*_{}\[\]()<>&|~^$\"'=+:/.-]|[@#!%]")  # every character that can mean something
_KEPT = frozenset("()\"'=+/.-%:")  # means something at the beginning of a line or in a link only, and reads better bare
_LINKS = re.compile(r"(?i)(://|www\.)")
_TICKS = re.compile(r"`+")


def prose(text: str, most: int = 400) -> str:
    """Return a text that stands in a line as plain words, also in a cell of a table."""
    shown = _LINKS.sub(_loosened, clipped(text, most))
    escaped = _SPECIAL.sub(_escaped, shown)
    return _beginning(escaped)


def _loosened(match: re.Match[str]) -> str:
    """Return the beginning of a link so that it is none."""
    return f"{match[0][:-1]}{_JOINER}{match[0][-1]}"


def _escaped(match: re.Match[str]) -> str:
    """Return a character that could mean something as an entity, which is never more than itself."""
    character = match[0]
    if character in "@#!":
        return f"&#{ord(character)};{_JOINER}"
    return character if character in _KEPT else f"&#{ord(character)};"


def _beginning(text: str) -> str:
    """Return a text that does not begin as a list or a heading does."""
    first = text[:1]
    if first in _KEPT or first.isspace():
        return f"&#{ord(first)};{text[1:]}" if first else ""
    return re.sub(r"^(\d+)([.)])(?=\s|$)", lambda match: f"{match[1]}&#{ord(match[2])};", text)


def code(text: str, most: int = 400) -> str:
    """Return a text as code within a line. Not for tables: there a pipe ends the cell in code, too."""
    shown = clipped(text, most)
    if not shown:
        return "(empty)"
    fence = "`" * (_longest_run(shown) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def codes(texts: Iterable[str], most: int = 400) -> str:
    """Return texts as a list of codes within a line."""
    return ", ".join(code(text, most) for text in texts)


def fenced(lines: Iterable[str], indent: int, most: int = 400) -> list[str]:
    """Return lines of a difference as a block of code whose lines are indented as the list is that it stands in.

    A line of the block begins with what a difference begins with, a space, a plus, a minus or an `@`.
    """
    shown = [clipped(line, most) for line in lines]
    safe = [line if line[:1] in ("+", "-", " ", "@") else f" {line}" for line in shown]
    fence = "`" * max(3, max((_longest_run(line) for line in safe), default=0) + 1)
    space = " " * indent
    return [f"{space}{fence}diff", *(f"{space}{line}" for line in safe), f"{space}{fence}"]


def summary(text: str, most: int = 200) -> str:
    """Return a text for the `<summary>` of a `<details>`, where HTML is read and Markdown is not."""
    shown = _LINKS.sub(_loosened, clipped(text, most))
    return html.escape(re.sub("[@#!]", lambda match: f"{match[0]}{_JOINER}", shown))


def _longest_run(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)
