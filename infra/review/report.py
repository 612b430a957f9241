"""A review in the forms that people and programs read, and the exit code that it has. Pure but for the template.

The same review is the same text, however often and in whatever order its parts come: nothing of now is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.review.html_page import html_page
from infra.review.json_page import json_page
from infra.review.markdown_page import markdown_page
from infra.review.report_parts import report_of
from infra.review.verdicts import exit_code

if TYPE_CHECKING:
    from infra.review.model import Review

__all__ = ["CHARACTERS", "WHOLE", "as_html", "as_json", "as_markdown", "exit_code"]

# GitHub refuses more than 65,536 characters ("Body is too long", says its API), GitLab more than 1,000,000
# (gitlab-ce#61974); what is left is room for what a pipeline puts around it.
CHARACTERS = 60_000
WHOLE = "All of it stands in the HTML page and in the JSON of this review."


def as_markdown(review: Review, characters: int = CHARACTERS, whole: str = WHOLE) -> str:
    """Return a review for a comment under a merge request: at most so many characters, the most important first.

    Of what has no room it says how much there is, and where the `whole` stands. Raises `ValueError` for fewer
    characters than a verdict needs (`infra.review.budget.LEAST`).
    """
    return markdown_page(report_of(review), characters, whole)


def as_html(review: Review) -> str:
    """Return a review as one HTML file that needs nothing else."""
    return html_page(report_of(review))


def as_json(review: Review) -> str:
    """Return a review whole, for programs; docs/review.md tells of its keys."""
    return json_page(review)
