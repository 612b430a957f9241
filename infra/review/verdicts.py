"""What a review comes to: its verdict, and the exit code that a pipeline acts on. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from infra.errors import PersonError
from infra.review.model import Verdict

if TYPE_CHECKING:
    from infra.review.model import EnvironmentReview, Review

_FROM_GOOD_TO_BAD: tuple[Verdict, ...] = get_args(Verdict)
EXIT_CODES: dict[Verdict, int] = {"no change": 0, "changes": 4, "not previewable": 5, "preview failed": 6}


def verdict_of(review: Review) -> Verdict:
    """Return the worst verdict of all layers; where no layer was looked at, whether documents differ."""
    found: list[Verdict] = [layer.verdict for layer in review.layers]
    found += ["changes" for each in review.environments if not each.layers and _differs(each)]
    return max(found, key=_FROM_GOOD_TO_BAD.index, default="no change")


def _differs(each: EnvironmentReview) -> bool:
    return bool(each.release_changes or each.gpus or each.documents or each.texts)


def is_refused(each: EnvironmentReview) -> bool:
    """Whether an environment's document is not accepted: then none of its layers was looked at."""
    return bool(each.refusals) and not each.layers


def exit_code(review: Review) -> int:
    """Return the exit code: 0 no change, 4 changes, 5 something could not be previewed, 6 a preview failed.

    2 comes before all of these, as everywhere: a document is not accepted, or a rule refuses the change.
    """
    if any(is_refused(each) for each in review.environments) or any(each.refuses for each in review.rules):
        return PersonError.exit_code
    return EXIT_CODES[verdict_of(review)]
