"""The reference page: what a field takes, and paragraphs that stay paragraphs."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field

from infra.model.base import Document, entry
from infra.reference import _sections, reference_page


class Played(Document):
    """A first paragraph.

    A second one.
    """

    one: Literal["a", "b"] = entry("One", "a")
    """One of two."""
    one_or_none: Literal["a", "b"] | None = entry("One or none", "a", default=None)
    """One of two, or none."""
    some: list[Literal["a", "b"]] = entry("Some", ["a"], default_factory=list)
    """Some of two."""
    always: Literal["a"] = entry("Always", "a")
    """One of one."""
    number: Annotated[int, Field(ge=1, le=5)] = entry("Number", 3)
    """From 1 to 5."""
    number_or_none: Annotated[int, Field(ge=1)] | None = entry("Number or none", 3, default=None)
    """1 or more, or none."""
    numbers: dict[str, Annotated[int, Field(le=5)]] = entry("Numbers", {"a": 1}, default_factory=dict)
    """5 or less."""
    any_text: str = entry("Any text", "a")
    """Whatever."""


PAGE = "\n".join(_sections(Played, "played", ""))


@pytest.mark.parametrize(
    ("key", "allowed"),
    {
        "one": "`a`, `b`",
        "oneOrNone": "`a`, `b`",
        "some": "`a`, `b`",
        "always": "`a`",
        "number": "1 to 5",
        "numberOrNone": "1 or more",
        "numbers": "5 or less",
        "anyText": "",
    }.items(),
)
def test_what_a_field_takes_stands_in_its_row(key: str, allowed: str) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{key}` |")]
    assert row.split(" | ")[2].strip() == allowed


def test_paragraphs_of_a_model_stay_paragraphs() -> None:
    assert "\nA first paragraph.\n\nA second one.\n\n" in PAGE
    assert "\n    " not in reference_page()


def test_values_of_the_document_s_own_fields() -> None:
    lines = [line for line in reference_page().splitlines() if line.startswith("| `")]
    rows = {line.split("`")[1]: line.split(" | ")[2] for line in lines}
    assert rows["auditLevel"] == "`none`, `metadata`, `request`, `requestResponse`"
    assert rows["encryptionAtRest"] == "`none`, `secretbox`"
    assert rows["effect"] == "`NoSchedule`, `PreferNoSchedule`, `NoExecute`"
    assert rows["attachment"] == "`passthrough`, `dynamic`"
    assert rows["vlan"] == "0 to 4094"
    assert rows["mmioGiB"] == "1 to 4096"
    assert "| `count` | **Nodes.** How many control-plane nodes: 1, or 3 so that one may fail. | `1`, `3` |" in (
        reference_page()
    )
