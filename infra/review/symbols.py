"""Signs and words that every form of a report has in common. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.review.model import Verdict

SYMBOLS: Mapping[Verdict, str] = {"no change": "✔", "changes": "✎", "not previewable": "?", "preview failed": "✖"}
REFUSED_SYMBOL = "⊘"
GPU_WORDS = {"lost": "lost", "changed": "changed", "moved": "moved", "gained": "new"}
