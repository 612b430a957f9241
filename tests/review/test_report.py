"""A review in its three forms, as people and programs have it before them, and the exit code that it has."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.catalog import ROOT
from infra.review.model import EnvironmentReview, LayerReview, Review, RuleResult, TextChange, Verdict
from infra.review.report import as_html, as_json, as_markdown, exit_code
from tests.review.cases import CASES
from tests.review.large import large_review
from tests.review.made import changed, layer, thing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORMS = {"md": as_markdown, "html": as_html, "json": as_json}
EXIT_CODES = {"failed-preview": 6, "nothing-at-all": 0, "refused": 2}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CASES)
def test_a_review_as_people_have_it(name: str, form: str, golden: Callable[[str, str], None]) -> None:
    text = FORMS[form](CASES[name]())
    assert text == FORMS[form](CASES[name]())
    golden(f"review/{name}.{form}", text)


def test_a_review_is_the_same_text_in_every_process() -> None:
    """Python mixes sets anew in every process."""
    digests = {
        subprocess.run(
            [sys.executable, "-m", "tests.review.digests"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(digests) == 1
    assert len(digests.pop().split()) == 3 * (len(CASES) + 1)


@pytest.mark.parametrize("name", CASES)
def test_exit_codes_of_the_cases(name: str) -> None:
    assert exit_code(CASES[name]()) == EXIT_CODES.get(name, 4)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], 0),
        (["no change", "no change"], 0),
        (["no change", "changes"], 4),
        (["changes", "not previewable", "no change"], 5),
        (["not previewable", "preview failed", "changes"], 6),
    ],
)
def test_the_worst_verdict_counts(verdicts: list[Verdict], code: int) -> None:
    layers = tuple(LayerReview("dev", str(index), verdict) for index, verdict in enumerate(verdicts))
    assert exit_code(Review((EnvironmentReview("dev", layers),))) == code


def test_what_is_refused_has_the_exit_code_of_refusals() -> None:
    failed = LayerReview("dev", "compute", "preview failed")
    assert exit_code(Review((EnvironmentReview("dev", (failed,)), EnvironmentReview("prod", refusals=("x",))))) == 2
    rule = RuleResult("a", "b", "c", "d")
    assert exit_code(Review((), rules=(rule,))) == 2
    assert exit_code(Review((), rules=(replace(rule, severity="warn"), replace(rule, excepted="until 2027")))) == 0


def test_documents_that_differ_are_a_change_where_no_layer_was_looked_at() -> None:
    documents = (changed("owner", "a", "b"),)
    assert exit_code(Review((EnvironmentReview("dev", documents=documents),))) == 4
    same = LayerReview("dev", "compute", "no change")
    assert exit_code(Review((EnvironmentReview("dev", (same,), documents=documents),))) == 0


def test_what_is_known_of_the_time_before_is_no_refusal() -> None:
    notes = ("what it was before is not known: stacks/environments/new.yaml: is not there",)
    review = Review((EnvironmentReview("new", (layer("new.compute"),), refusals=notes),))
    assert exit_code(review) == 0
    assert "### To know" in as_markdown(review)


def keys_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key != "plugins":  # its keys are names of programs
                yield from keys_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_in(inner)


def test_every_key_of_the_json_is_told_of() -> None:
    page = (ROOT / "docs" / "review.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    found = {key for made in CASES.values() for key in keys_in(json.loads(as_json(made())))}
    assert found == told


def test_a_rehearsal_is_said_in_every_form() -> None:
    living = layer("dev.compute")
    rehearsed = replace(living, staleness=replace(living.staleness, rehearsed=True))

    def forms(one: LayerReview) -> list[str]:
        review = Review((EnvironmentReview("dev", (one,)),), against="0123abcd")
        return [as_markdown(review), as_html(review), as_json(review)]

    markdown, html, data = forms(rehearsed)
    assert markdown.splitlines()[4] == (
        "Previewed in a rehearsal of `0123abcd`, not on the living environment."
    )  # under the verdict
    assert "Previewed in a rehearsal of <code>0123abcd</code>, not on the living environment." in html
    assert json.loads(data)["environments"][0]["layers"][0]["staleness"]["rehearsed"] is True
    markdown, html, data = forms(living)
    assert "rehearsal" not in markdown + html
    assert json.loads(data)["environments"][0]["layers"][0]["staleness"]["rehearsed"] is False


def test_every_exit_code_is_told_of() -> None:
    page = (ROOT / "docs" / "review.md").read_text(encoding="utf-8")
    assert [int(code) for code in re.findall(r"^\| (\d) \|", page, re.MULTILINE)] == [0, 2, 4, 5, 6]


def test_secrets_are_in_no_form() -> None:
    text = as_markdown(CASES["rotated-secret"]())
    assert "`stringData`, **forces replacement**: [secret changed]" in text


def with_texts(review: Review, lines: int) -> Review:
    text = TextChange("dev: harbor: values", ("@@ -1,1 +1,1 @@", *(f"+  line {number}" for number in range(lines))))
    first = review.environments[0]
    return replace(review, environments=(replace(first, texts=(*first.texts, text)), *review.environments[1:]))


def test_texts_are_shortened_before_anything_else() -> None:
    whole = as_markdown(CASES["promoted-release"]())
    page = as_markdown(with_texts(CASES["promoted-release"](), 3_000), 8_000)
    assert len(page) <= 8_000
    assert "**Shortened.** Left out here: " in page
    assert "lines of texts" in page
    kept = whole[whole.index("### Look at this first") : whole.index("</details>")]
    assert kept in page


def test_what_matters_most_stays_when_most_has_no_room() -> None:
    review = replace(large_review(10_000), dangers=CASES["new-machine-template"]().dangers)
    promoted = CASES["promoted-release"]().environments[0]
    first = replace(
        review.environments[0], release=promoted.release, release_changes=promoted.release_changes,
        gpus=CASES["changed-gpu-profile"]().environments[0].gpus,
    )  # fmt: skip
    review = replace(review, environments=(first, *review.environments[1:]), rules=CASES["promoted-release"]().rules)
    page = as_markdown(review)
    assert 10_000 < len(page) <= 60_000
    for said in (
        "Data disks are deleted",
        "pinned-images",
        "charts.cilium",
        "nvidia_h100-40c",
        "10,000 things would change",
    ):
        assert said in page
    assert re.search(r"Left out here: [\d,]+ changes", page)
    assert "All of it stands in the HTML page and in the JSON" in page


def test_a_large_review_is_whole_as_json_and_as_html() -> None:
    review = large_review(2_000)
    data = json.loads(as_json(review))
    assert sum(len(each["changes"]) for environment in data["environments"] for each in environment["layers"]) == 2_000
    page = as_html(review)
    names = {change.name.rpartition("/")[2] for each in review.layers for change in each.changes}
    assert [name for name in names if name not in page] == []


def test_long_values_say_how_long_they_are() -> None:
    change = thing(
        "dev.platform", "harbor", "core/v1:ConfigMap", "harbor/a", "update", changed("data.a", "", "x" * 5_000)
    )
    page = as_markdown(Review((EnvironmentReview("dev", (layer("dev.platform", change),)),)))
    assert "… (4,600 more characters)" in page
