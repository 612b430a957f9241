"""Prints a digest of every review in every form: `python -m tests.review.digests`."""

from __future__ import annotations

import hashlib

from infra.review.report import as_html, as_json, as_markdown
from tests.review.cases import CASES
from tests.review.large import large_review

if __name__ == "__main__":
    for review in (*(made() for made in CASES.values()), large_review(300)):
        for form in (as_markdown, as_html, as_json):
            print(hashlib.sha256(form(review).encode()).hexdigest())
