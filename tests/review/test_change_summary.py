"""What a change record says of a review."""

from __future__ import annotations

from infra.review.change_records import summary_of
from infra.review.change_records.summary import LONGEST_TITLE, MOST_LINES
from infra.review.model import Danger, EnvironmentReview, Review, RuleResult
from tests.review.changes import CLAIM, change, layer


def test_a_summary_counts_and_tells_dangers_and_rules() -> None:
    layers = (
        layer(change("create", CLAIM, "a"), change("delete", CLAIM, "b")),
        layer(change("create", CLAIM, "c"), stack="prod.toolchain"),
    )
    review = Review(
        (EnvironmentReview("prod", layers),),
        revision="0123",
        dangers=(
            Danger(2, "restarts", ("prod-cpu-1",), "it is away meanwhile", "prod.compute"),
            Danger(1, "deletes", ("b", "d"), "data is lost", "prod.platform"),
        ),
        rules=(
            RuleResult("deletes-data", "prod.platform:x", "would be deleted", "why"),
            RuleResult(
                "backups", "prod:platform.backups", "is missing", "why", excepted="until 2027-03-31, by jane: x"
            ),
            RuleResult("control-plane-at-once", "prod.compute:control-plane", "2 nodes", "why", severity="warn"),
        ),
    )
    found = summary_of(review, "jane")
    assert found.title == "Slipway: prod: 2 to create, 1 to delete"
    assert found.operations == {"create": 2, "delete": 1}
    assert (found.requested_by, found.environments, found.revision) == ("jane", ("prod",), "0123")
    assert found.dangers == (
        "prod.platform: deletes: b, d (data is lost)",
        "prod.compute: restarts: prod-cpu-1 (it is away meanwhile)",
    )
    assert found.rules == (
        "deletes-data (refuse): prod.platform:x would be deleted",
        "backups (excepted until 2027-03-31, by jane: x): prod:platform.backups is missing",
        "control-plane-at-once (warn): prod.compute:control-plane 2 nodes",
    )


def test_nothing_to_do_and_too_much_to_tell() -> None:
    assert summary_of(Review((EnvironmentReview("dev"),)), "jane").title == "Slipway: dev: no change"
    many = tuple(EnvironmentReview(f"environment-{number}") for number in range(40))
    dangers = tuple(Danger(1, "deletes", (str(number),), "why", "prod.platform") for number in range(MOST_LINES + 2))
    found = summary_of(Review(many, dangers=dangers), "jane")
    assert len(found.title) == LONGEST_TITLE
    assert found.title.endswith("...")
    assert len(found.dangers) == MOST_LINES + 1
    assert found.dangers[-1] == "and 2 dangers more"
