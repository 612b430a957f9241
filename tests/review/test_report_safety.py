"""Whatever stands in names, values and texts: it is shown where it belongs, and does nothing else."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from infra.review.budget import LEAST
from infra.review.model import EnvironmentReview, LayerReview, Review
from infra.review.report import WHOLE, as_html, as_json, as_markdown
from tests.review.strategies import reviews
from tests.support.html_page import HtmlPage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

MARKDOWN = MarkdownIt("commonmark").enable("table")
SLOW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
OURS = re.compile(r"(<details( open)?>)?<summary>(<b>[^<>]*</b>)?[^<>]*</summary>|</details>")
BLOCKS = {
    "heading", "paragraph", "ordered_list", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "div", "strong", "span", "p"),
    *("nav", "ul", "ol", "li", "main", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "code", "em"),
    *("pre", "b", "footer"),
}
ATTRIBUTES = {
    *("lang", "charset", "name", "content", "class", "href", "aria-hidden", "aria-label", "tabindex", "role", "scope"),
    *("id", "open"),
}
HEADINGS = re.compile(
    r"\S Review: .*|Look at this first|Rules|GPUs|Release .*|What changes|Texts that differ|Not accepted|To know|"
    r"Only in.*|In.*",
    re.DOTALL,
)


def blocks_of(markdown: str) -> Iterator[Token]:
    for token in MARKDOWN.parse(markdown):
        yield token
        yield from token.children or []


@SLOW
@given(reviews())
def test_a_page_of_markdown_has_no_parts_but_its_own(review: Review) -> None:
    page = as_markdown(review)
    assert len(page) <= 60_000
    shown: list[str] = []
    for token in blocks_of(page):
        kind = token.type.removesuffix("_open").removesuffix("_close")
        if token.type in ("html_block", "html_inline"):
            assert all(OURS.fullmatch(line) for line in token.content.strip().split("\n")), token.content
            shown.append(re.sub(r"&#?\w+;", "", token.content))
        elif token.type == "fence":
            assert token.info == "diff"
        elif token.type == "text":
            shown.append(token.content)
        else:
            assert kind in {*BLOCKS, "inline", "code_inline", "strong", "em", "softbreak", "text_special"}, token
    assert re.search(r"[@#!]\w|://|www\.", "\n".join(shown)) is None
    assert not any(line.startswith("/") for line in page.split("\n"))


@SLOW
@given(reviews())
def test_headings_are_the_pages_own(review: Review) -> None:
    tokens = MARKDOWN.parse(as_markdown(review))
    headings = [tokens[index + 1].content for index, token in enumerate(tokens) if token.type == "heading_open"]
    assert [heading for heading in headings if not HEADINGS.fullmatch(heading)] == []


@SLOW
@given(reviews())
def test_a_page_of_html_has_no_parts_but_its_own(review: Review) -> None:
    page = as_html(review)
    page.encode()
    found = HtmlPage(page)
    assert "script" not in found.tags
    assert found.comments == 0
    assert found.tags <= TAGS
    assert {name for name, _ in found.attributes} <= ATTRIBUTES
    assert all(value.startswith("#") for name, value in found.attributes if name == "href")


@SLOW
@given(reviews(), st.sampled_from([LEAST + len(WHOLE), 3_000, 10_000, 60_000]))
def test_the_budget_is_always_kept(review: Review, characters: int) -> None:
    assert len(as_markdown(review, characters)) <= characters


def test_a_budget_without_room_for_a_verdict_is_none() -> None:
    with pytest.raises(ValueError, match="2010 characters at least"):
        as_markdown(Review(()), LEAST + 9, "it is here")


def shuffled(review: Review, seed: int) -> Review:
    order = random.Random(seed)  # noqa: S311 - not for secrets

    def mixed(parts: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(order.sample(parts, len(parts)))

    def layer(each: LayerReview) -> LayerReview:
        changes = mixed(tuple(replace(one, properties=mixed(one.properties)) for one in each.changes))
        return replace(each, changes=changes, noise=mixed(each.noise), removed=mixed(each.removed))

    def environment(each: EnvironmentReview) -> EnvironmentReview:
        names = ("release_changes", "gpus", "documents", "texts", "refusals")
        parts: dict[str, Any] = {name: mixed(getattr(each, name)) for name in names}
        return replace(each, layers=mixed(tuple(map(layer, each.layers))), **parts)

    return replace(
        review,
        environments=mixed(tuple(map(environment, review.environments))),
        dangers=mixed(review.dangers),
        rules=mixed(review.rules),
    )


@SLOW
@given(reviews(), st.integers(0, 99))
def test_the_order_of_parts_changes_nothing(review: Review, seed: int) -> None:
    other = shuffled(review, seed)
    assert as_json(other) == as_json(review)
    assert as_markdown(other) == as_markdown(review)
    assert as_html(other) == as_html(review)


@SLOW
@given(reviews())
def test_json_has_every_value_as_it_is(review: Review) -> None:
    data = json.loads(as_json(review))
    assert sorted(each["environment"] for each in data["environments"]) == sorted(
        each.environment for each in review.environments
    )
    found = sorted(
        (each["urn"], each["operation"])
        for environment in data["environments"]
        for layer in environment["layers"]
        for each in layer["changes"]
    )
    assert found == sorted((each.urn, each.operation) for layer in review.layers for each in layer.changes)
