"""Texts of others in Markdown: nothing in them ends the place that they stand in, formats, links or calls anybody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from infra.review.markdown_text import code, fenced, prose, summary
from infra.review.safe_text import clipped, visible
from tests.review.strategies import texts
from tests.support.html_page import HtmlPage

if TYPE_CHECKING:
    from markdown_it.token import Token

MARKDOWN = MarkdownIt("commonmark").enable("table")
JOINER = "\u2060"


def plain(text: str) -> str:
    return text.replace(JOINER, "")


def inline(markdown: str) -> list[Token]:
    """Return what stands in the one paragraph of a line."""
    tokens = MARKDOWN.parse(markdown)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    return tokens[1].children or []


@given(texts)
def test_prose_is_nothing_but_its_words(text: str) -> None:
    found = inline(f"a: {prose(text, 10_000)} z")
    assert {token.type for token in found} <= {"text", "text_special"}
    assert plain("".join(token.content for token in found)) == plain(f"a: {visible(text)} z")


@given(texts)
def test_prose_calls_nobody_and_links_nowhere(text: str) -> None:
    shown = "".join(token.content for token in inline(f"a: {prose(text, 10_000)} z"))
    assert re.search(r"[@#!][\w]|://|www\.", shown) is None


@given(texts, texts)
def test_prose_stays_in_its_cell(first: str, second: str) -> None:
    tokens = MARKDOWN.parse(f"| a | b |\n| --- | --- |\n| {prose(first, 10_000)} | {prose(second, 10_000)} |")
    cells = [tokens[index + 1].children or [] for index, token in enumerate(tokens) if token.type == "td_open"]
    found = [plain("".join(token.content for token in cell)).strip() for cell in cells]
    assert found == [plain(visible(text)).strip() for text in (first, second)]
    assert {token.type.partition("_")[0] for token in tokens} == {"table", "thead", "tbody", "tr", "th", "td", "inline"}


@given(texts)
def test_prose_begins_no_list_and_no_heading(text: str) -> None:
    tokens = MARKDOWN.parse(f"- {prose(text, 10_000)}")
    kinds = [token.type for token in tokens if token.type.endswith("_open")]
    assert kinds in (["bullet_list_open", "list_item_open"], ["bullet_list_open", "list_item_open", "paragraph_open"])


@given(texts)
def test_code_is_one_piece_of_code(text: str) -> None:
    found = inline(f"a: {code(text, 10_000)} z")
    if not text:
        assert [token.content for token in found] == ["a: (empty) z"]
        return
    assert [token.type for token in found] == ["text", "code_inline", "text"]
    assert found[1].content.strip(" ") == visible(text).strip(" ")


@given(st.lists(texts, max_size=4), st.sampled_from([0, 2, 4]))
def test_a_block_of_lines_ends_where_it_should(lines: list[str], indent: int) -> None:
    above = {0: [], 2: ["- a"], 4: ["- a", "  - b"]}[indent]
    given_lines = [f"{mark}{line}" for line in lines for mark in "+ "]
    block = fenced(given_lines, indent, 10_000)
    tokens = MARKDOWN.parse("\n".join([*above, *block, "", "after"]))
    (fence,) = [token for token in tokens if token.type == "fence"]
    assert fence.content == "".join(f"{visible(line)}\n" for line in given_lines)
    assert fence.info == "diff"
    assert tokens[-2].content == "after"
    assert not any(line.startswith("/") for line in block)


@given(texts)
def test_a_summary_is_nothing_but_its_words(text: str) -> None:
    page = HtmlPage(f"<summary>{summary(text, 10_000)}</summary>")
    assert page.tags == {"summary"}
    assert plain(page.text) == plain(visible(text))
    assert re.search(r"[@#!]\w|://|www\.", page.text) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\r\nb", "a\\r⏎b"), ("x\u202ey", "x\\u202ey"), ("\ud800", "\\ud800"), ("a\u00a0b", "a\\xa0b"), ("ä€😀", "ä€😀")],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_of_a_long_text_the_rest_is_counted() -> None:
    assert clipped("a" * 12, 10) == "a" * 10 + "… (2 more characters)"
