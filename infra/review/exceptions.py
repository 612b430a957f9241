"""Exceptions from rules: whether they can be accepted, and which results they hold for. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING

from infra.counting import counted
from infra.model.rules.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import date

    from infra.model.exceptions import Exceptions, RuleException
    from infra.review.model import RuleResult

SOURCE = "stacks/exceptions.yaml"
LONGEST = timedelta(days=366)  # a year, also one with a 29th of February: what lasts longer is a rule to be changed


def exception_refusals(exceptions: Exceptions, known: Collection[str], today: date) -> Iterator[Finding]:
    """Yield why exceptions are not accepted: a rule that isn't there, a last day too far ahead, one for everything.

    `known` are the names of all rules.
    """
    seen: dict[tuple[str, str], int] = {}
    for index, each in enumerate(exceptions.exceptions):
        place = f"exceptions[{index}]"
        if each.rule not in known:
            close = get_close_matches(each.rule, sorted(known), n=1)
            fix = f"did you mean {close[0]}?" if close else f"rules: {', '.join(sorted(known))}"
            yield Finding(f"{place}.rule", each.rule, "is not a rule", fix)
        if not each.subject.strip("*"):
            fix = "name environment or stack before it, for example prod.platform:*"
            yield Finding(f"{place}.subject", each.subject, "excepts everything, which switches the rule off", fix)
        last = today + LONGEST
        if each.until > last:
            reason = f"is more than {counted(LONGEST.days, 'day')} ahead"
            yield Finding(
                f"{place}.until", str(each.until), reason, f"use {last} or earlier, and look at it again then"
            )
        first = seen.setdefault((each.rule, each.subject), index)
        if first != index:
            reason = f"has an exception from {each.rule} already (exceptions[{first}])"
            yield Finding(f"{place}.subject", each.subject, reason, "keep one of the two")


def exception_warnings(exceptions: Exceptions, today: date) -> Iterator[Finding]:
    """Yield which exceptions have ended."""
    for index, each in enumerate(exceptions.exceptions):
        if not holds(each, today):
            fix = "remove it, or agree on another day"
            yield Finding(f"exceptions[{index}].until", str(each.until), f"has ended: {each.rule} counts again", fix)


def holds(exception: RuleException, today: date) -> bool:
    """Whether an exception has not ended: its last day is one of its own."""
    return today <= exception.until


def excepted(results: Iterable[RuleResult], exceptions: Sequence[RuleException], today: date) -> Iterator[RuleResult]:
    """Yield results, marked with the exception that holds for them: of several the one that lasts longest."""
    lasting = sorted((each for each in exceptions if holds(each, today)), key=lambda each: (each.until, each.subject))
    patterns = [(each, _pattern(each.subject)) for each in reversed(lasting)]
    for result in results:
        found = next(
            (e for e, pattern in patterns if e.rule == result.rule and pattern.fullmatch(result.subject)), None
        )
        mark = "" if found is None else f"until {found.until}, by {found.by}: {found.because}"
        yield replace(result, excepted=mark)


def _pattern(subject: str) -> re.Pattern[str]:
    """Return what fits a subject: `*` is any text, everything else itself (brackets stand in paths)."""
    return re.compile(".*".join(re.escape(part) for part in subject.split("*")), re.DOTALL)
