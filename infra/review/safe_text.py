"""Texts of others, made so that everything in them is seen and nothing of them goes on for ever. Pure."""

from __future__ import annotations

LINE_END = "⏎"


def visible(text: str) -> str:
    r"""Return a text on one line in which every character can be seen.

    What shows nothing, or changes how its neighbours are shown (controls, marks of direction, spaces of other kinds,
    half characters), is written as Python does, as `\u202e`; the end of a line as ⏎.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _written(each) for each in text)


def _written(character: str) -> str:
    return LINE_END if character == "\n" else ascii(character)[1:-1]


def clipped(text: str, most: int) -> str:
    """Return a text with every character visible, and of a long one the beginning and how much there is besides."""
    if len(text) <= most:
        return visible(text)
    return f"{visible(text[:most])}… ({len(text) - most:,} more characters)"
