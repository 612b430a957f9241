"""How long a review of 10,000 changed resources takes to become a report: prints seconds, asserts nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from infra.review.dangers import dangers
from infra.review.kinds import stateful_kinds
from infra.review.report import as_html, as_json, as_markdown
from tests.review.large import large_review

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT = 10_000


def main() -> None:
    """Print a table: name, then seconds, then characters."""
    review = large_review(COUNT)
    begun = time.monotonic()
    found = dangers(review.layers, {}, (), stateful_kinds())
    print(f"{f'dangers of {COUNT:,} changes':42} {time.monotonic() - begun:6.2f}   {len(found):,} dangers", flush=True)
    forms: dict[str, Callable[[], str]] = {
        "Markdown": lambda: as_markdown(review),
        "HTML": lambda: as_html(review),
        "JSON": lambda: as_json(review),
    }
    for name, form in forms.items():
        begun = time.monotonic()
        text = form()
        print(
            f"{f'{name} of {COUNT:,} changes':42} {time.monotonic() - begun:6.2f}   {len(text):,} characters",
            flush=True,
        )


if __name__ == "__main__":
    main()
