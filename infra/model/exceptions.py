"""Exceptions from the rules of a review: one rule, for one subject, until a day, with a person and a reason."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from infra.model.base import Document, entry
from infra.model.texts import OneLine, Text

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOST_EXCEPTIONS = 200


def _day(value: Any) -> date:  # noqa: ANN401 - a document can hold anything
    """Return a day as YAML or JSON has it. Raises `ValueError` with reason and fix."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError("is no day of the calendar; write year, month and day, for example 2027-03-31") from None
    raise ValueError("is not a day; write year, month and day, for example 2027-03-31")


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
RuleName = Annotated[
    str,
    Text(r"[a-z][a-z0-9-]*", 60, "the name of a rule", "use lower-case letters, digits and hyphens: see docs/rules.md"),
]


class RuleException(Document):
    """One exception: a rule that does not count for what it finds of a subject."""

    rule: RuleName = entry("Rule", "one-control-plane-node")
    """Name of the rule; docs/rules.md lists them."""
    subject: OneLine = entry("Subject", "prod.platform:PersistentVolumeClaim:harbor/*")
    """What the rule does not count for, as the review names it; `*` stands for any text."""
    until: Day = entry("Until", "2027-03-31")
    """Last day on which it holds, by UTC; at most a year ahead."""
    by: OneLine = entry("By", "jane.doe@example.com")
    """Who answers for it."""
    because: OneLine = entry("Because", "the second host comes in March")
    """Why the rule can't be kept until then."""


class Exceptions(Document):
    """All exceptions from the rules of a review."""

    exceptions: list[RuleException] = entry(
        "Exceptions", [{"rule": "one-control-plane-node"}], default_factory=list, max_length=MOST_EXCEPTIONS
    )
    """The exceptions; their order means nothing."""
