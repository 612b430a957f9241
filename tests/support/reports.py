"""Reports of reviews, so that they can be compared with committed ones."""

from __future__ import annotations

import re

# What is another with every run, and what stands for it in the committed texts.
_VOLATILE = {
    r"\b[0-9a-f]{40}(\+changes)?\b": "COMMIT",
    r"sha256:[0-9a-f]{64}": "sha256:HASH",
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b": "UUID",
    r"\b(vm|group-v|resgroup|dvportgroup|network|host|datastore)-[0-9]+\b": r"\1-N",
    r"\b[0-9a-f]{16}\b": "MARK",
    r"inventory read `[^`]+`": "inventory read `AGE`",
}


def steady(report: str) -> str:
    """Return a report with words in the place of what is another with every run."""
    for pattern, word in _VOLATILE.items():
        report = re.sub(pattern, word, report)
    return report
