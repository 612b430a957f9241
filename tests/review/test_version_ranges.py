"""Versions against patterns and bounds, and the ranges that charts write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.review.version_ranges import as_pattern, fits, numbers_of, same

NUMBERS = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
SIGNS = {
    ">=": lambda one, two: one >= two,
    "<=": lambda one, two: one <= two,
    ">": lambda one, two: one > two,
    "<": lambda one, two: one < two,
    "==": lambda one, two: one == two,
    "!=": lambda one, two: one != two,
}


def written(numbers: tuple[int, int, int]) -> str:
    return ".".join(map(str, numbers))


@given(NUMBERS, NUMBERS, st.sampled_from(sorted(SIGNS)), st.sampled_from(["", "v"]), st.sampled_from(["", "-x.1"]))
def test_bounds_compare_numbers(
    version: tuple[int, int, int], bound: tuple[int, int, int], sign: str, begins: str, ends: str
) -> None:
    assert fits(f"{begins}{written(version)}{ends}", f"{sign}{written(bound)}") is SIGNS[sign](version, bound)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_ranges_of_charts_mean_what_they_say(
    version: tuple[int, int, int], least: tuple[int, int, int], most: tuple[int, int, int]
) -> None:
    inside = least <= version < most
    for text in (f">= {written(least)}-0, < {written(most)}-0", f">={written(least)}-0 <{written(most)}"):
        assert fits(written(version), as_pattern(text)) is inside


@pytest.mark.parametrize(
    ("version", "pattern", "expected"),
    [
        ("1.36.3", "1.36.*", True),
        ("v1.36.3", "1.36.*", True),
        ("1.36.3", "v1.36.3", True),
        ("1.360.3", "1.36.*", False),
        ("18.6-system-trixie", ">=14,<19", True),
        ("19.1-system-trixie", ">=14,<19", False),
        ("cuda13-2026-07-28", "cuda13-*", True),
        ("cuda13-2026-07-28", ">=13", False),
        ("2.13.0-cuda13.0-cudnn9-runtime", "*-cuda13.*", True),
        ("anything", "*", True),
    ],
)
def test_versions_and_tags_as_they_are_pinned(version: str, pattern: str, *, expected: bool) -> None:
    assert fits(version, pattern) is expected


@pytest.mark.parametrize("text", ["^1.25.0-0", ">=1.25 || <1.20", "1.x", "", ">= 1.25.0-alpha", "latest"])
def test_ranges_that_are_not_understood_are_refused_not_guessed(text: str) -> None:
    with pytest.raises(ValueError, match="is no list of comparisons"):
        as_pattern(text)


def test_bounds_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="is no list of bounds; write for example"):
        fits("1.0", ">=one")


def test_same_numbers() -> None:
    assert same("4.44", "4.44.0")
    assert same("1.36.3", "v1.36.3")
    assert not same("4.44", "4.43")
    assert not same("latest", "latest")
    assert numbers_of("latest") is None
