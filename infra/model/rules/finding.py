"""What a rule finds, and the order in which the rules speak."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that a rule finds: dotted `path`, the `value` there, the `reason` (with other parties), the `fix`."""

    path: str
    value: str
    reason: str
    fix: str
