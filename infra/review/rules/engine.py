"""Running the rules: one engine for documents and previews, with the exceptions that hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.review.exceptions import excepted
from infra.review.model import RuleResult

# importing them registers their rules
from infra.review.rules import documents as _documents  # noqa: F401
from infra.review.rules import previews as _previews  # noqa: F401
from infra.review.rules.rule import DOCUMENT_RULES, PREVIEW_RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from infra.model.exceptions import RuleException
    from infra.review.rules.rule import Documents, Found, Preview, Rule


def known_rules() -> dict[str, Rule]:
    """Return every rule by its name: those on documents first, in their order."""
    return {rule.name: rule for rule in (*DOCUMENT_RULES, *PREVIEW_RULES)}


def check_documents(documents: Documents) -> list[RuleResult]:
    """Return what the rules find in the documents of one environment, without exceptions."""
    return [_result(rule, found) for rule in DOCUMENT_RULES for found in rule.check(documents)]


def check_previews(previews: Iterable[Preview]) -> list[RuleResult]:
    """Return what the rules find in previews, without exceptions."""
    return [_result(rule, found) for each in previews for rule in PREVIEW_RULES for found in rule.check(each)]


def run_rules(
    documents: Iterable[Documents], previews: Iterable[Preview], exceptions: Sequence[RuleException], today: date
) -> tuple[RuleResult, ...]:
    """Return what all rules find in documents and previews, with the exceptions that hold on a day (by UTC)."""
    found = [each for one in documents for each in check_documents(one)] + check_previews(previews)
    return judged(found, exceptions, today)


def judged(results: Iterable[RuleResult], exceptions: Sequence[RuleException], today: date) -> tuple[RuleResult, ...]:
    """Return what rules found: what refuses first, then by rule and subject, each once.

    What an exception holds for is marked with it and refuses nothing; an exception that has ended holds for nothing.
    """
    marked = excepted(set(results), exceptions, today)
    return tuple(sorted(marked, key=lambda each: (not each.refuses, each.rule, each.subject, each.message)))


def refusing(results: Iterable[RuleResult]) -> list[RuleResult]:
    """Return the results that keep a change from being carried out, in their order."""
    return [each for each in results if each.refuses]


def _result(rule: Rule, found: Found) -> RuleResult:
    return RuleResult(rule.name, found.subject, found.message, rule.reason, severity=rule.severity)
