"""Numbers of things in words, for lines that people read."""

from __future__ import annotations


def counted(number: int, what: str) -> str:
    """Return a number of things in words: `1 node`, `2 nodes`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
