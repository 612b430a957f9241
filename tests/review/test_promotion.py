"""The order of promotions, which release may follow which, and that one line changes and not a byte beside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from infra.catalog import ROOT
from infra.model.promotion import Promotion
from infra.review.promotion import (
    NotOnOneLine,
    is_older,
    order_refusals,
    promoted_text,
    step_refusals,
    succession_refusals,
)
from tests.support.environments import RELEASE
from tests.support.stacks import COMMITTED

ORDER = Promotion(order=["dev", "staging", "prod"])
VERSIONS = st.tuples(st.integers(2000, 2099), st.integers(1, 12), st.integers(0, 99)).map(
    lambda numbers: ".".join(map(str, numbers))
)
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="#"), max_size=12)
# What may stand around the release; much of it looks like one.
LINES = st.one_of(
    st.sampled_from(
        [
            "# release: 2026.1.0",
            "",
            "   ",
            "owner: 'release: 2026.1.0'",
            "tags:",
            "tags: {release: 2026.1.0}",
            "pools:  # of nodes\n  release: 2026.1.0\n  other: [release, 2026.1.0]",
            "text: |\n  release: 2026.1.0\n  # no comment",
            "folded: >-\n  release:\n  2026.1.0",
            "- release",
        ]
    ),
    PRINTABLE.map(lambda text: f"# {text}"),
)


def named_apart(lines: list[str]) -> list[str]:
    """Return lines whose keys differ, and no entries of lists, so that they are one mapping together."""
    kept = [line for line in lines if not line.startswith("-")]
    return [line.replace(":", f"{number}:", 1) if line[:1].isalpha() else line for number, line in enumerate(kept)]


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, str]:
    """Draw what stands before and after the version in a document."""
    quote = draw(st.sampled_from(["", '"', "'"]))
    before = [
        *draw(st.lists(LINES, max_size=6).map(named_apart)),
        f"release:{draw(st.sampled_from([' ', '   ']))}{quote}",
    ]
    later = [line.replace(":", "z:", 1) if line[:1].isalpha() else line for line in named_apart(draw(st.lists(LINES)))]
    after = [f"{quote}{draw(st.sampled_from(['', '  # release: 2026.1.0', ' #']))}", *later]
    begins, line_break = draw(st.sampled_from(["", "\ufeff", "---\n"])), draw(st.sampled_from(["\n", "\r\n"]))
    texts = begins + "\n".join(before), "\n".join(after) + draw(st.sampled_from(["", "\n"]))
    return texts[0].replace("\n", line_break), texts[1].replace("\n", line_break)


@given(documents(), VERSIONS, VERSIONS)
def test_nothing_but_the_version_changes(document: tuple[str, str], old: str, new: str) -> None:
    before, after = document
    text = f"{before}{old}{after}"
    changed = promoted_text(text, new)
    assert changed == f"{before}{new}{after}"
    data = YAML(typ="rt", pure=True).load(text)
    assert YAML(typ="rt", pure=True).load(changed) == {**data, "release": new}


@pytest.mark.parametrize("name", COMMITTED)
def test_environments_here_differ_in_one_line_afterwards(name: str) -> None:
    text = (ROOT / "stacks" / "environments" / f"{name}.yaml").read_text(encoding="utf-8")
    lines, changed = text.split("\n"), promoted_text(text, "2031.1.0").split("\n")
    assert [(one, other) for one, other in zip(lines, changed, strict=True) if one != other] == [
        (next(line for line in lines if line.startswith("release: ")), "release: 2031.1.0")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "release: &version 2026.1.0\nother: *version\n",
        "other: &version 2026.1.0\nrelease: *version\n",
        "release: >-\n  2026.1.0\n",
        "release: |-\n  2026.1.0\n",
        "release: !!str 2026.1.0\n",
        'release: "2026\\x2e1.0"\n',
        "release: [2026.1.0]\n",
        "release:\n",
        "name: dev\n",
        "pool:\n  release: 2026.1.0\n",
        "- release: 2026.1.0\n",
        "",
    ],
)
def test_what_is_no_text_of_its_own_is_not_touched(text: str) -> None:
    with pytest.raises(NotOnOneLine):
        promoted_text(text, "2026.2.0")


def said(findings: object) -> list[str]:
    return [f"{each.path}: {each.value}: {each.reason}; {each.fix}" for each in findings]  # type: ignore[attr-defined]


def test_order_names_environments_that_are_there_once_each() -> None:
    assert said(order_refusals(ORDER, ["prod", "dev", "staging", "lab"])) == []
    wrong = Promotion(order=["dev", "nope", "dev"])
    assert said(order_refusals(wrong, ["prod", "dev"])) == [
        "order[1]: nope: is no environment; environments here: dev, prod",
        "order[2]: dev: stands twice in the order; keep one of the two",
    ]


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("dev", "staging", None),
        ("staging", "prod", None),
        (
            "dev",
            "prod",
            (
                "has staging between dev and prod; one after the other: ./slipway promote dev staging, "
                "then ./slipway promote staging prod"
            ),
        ),
        ("prod", "dev", "has dev before prod; promote from dev to prod"),
        (
            "lab",
            "dev",
            "does not name lab; add it where it belongs, or write its release by hand: stacks/environments/lab.yaml",
        ),
    ],
)  # fmt: skip
def test_promotions_follow_the_order(source: str, target: str, reason: str | None) -> None:
    expected = [f"order: dev, staging, prod: {reason}"] if reason else []
    assert said(step_refusals(ORDER, source, target)) == expected


@given(VERSIONS, VERSIONS)
def test_releases_are_ordered_by_their_numbers(one: str, other: str) -> None:
    older = tuple(map(int, one.split("."))) < tuple(map(int, other.split(".")))
    assert is_older(one, other) is older


def test_an_older_release_has_to_be_meant() -> None:
    older = RELEASE.model_copy(update={"version": "2026.9.10"})
    assert said(succession_refusals(RELEASE, older, back=False)) == [
        "release: 2026.9.10: is older than 2026.11.0, which the environment has; add --back if that is meant"
    ]
    assert said(succession_refusals(RELEASE, older, back=True)) == []
    assert said(succession_refusals(older, RELEASE, back=False)) == []


@pytest.mark.parametrize("back", [True, False])
def test_kubernetes_skips_no_minor_whichever_way(*, back: bool) -> None:
    kubernetes = RELEASE.kubernetes.model_copy(update={"version": "1.34.9"})
    far = RELEASE.model_copy(update={"kubernetes": kubernetes})
    (finding,) = succession_refusals(RELEASE, far, back=back)
    assert finding.reason.startswith("Kubernetes 1.36.3 to 1.34.9 is more than 1 minor at a time (")
    assert len(list(succession_refusals(far, RELEASE, back=back))) == 1
