"""Rules of a review: small functions over documents and previews, each with a name and a reason. Pure."""

from __future__ import annotations

from infra.review.rules.engine import check_documents, check_previews, judged, known_rules, refusing, run_rules
from infra.review.rules.rule import Documents, Preview, Rule

__all__ = [
    "Documents",
    "Preview",
    "Rule",
    "check_documents",
    "check_previews",
    "judged",
    "known_rules",
    "refusing",
    "run_rules",
]
