"""The order in which environments get a release: one after the other, each once the one before has proved it."""

from __future__ import annotations

from infra.model.base import Document, entry
from infra.model.texts import EnvironmentName


class Promotion(Document):
    """The order of promotions. An environment that is not in it gets its release by hand."""

    order: list[EnvironmentName] = entry("Order", ["dev", "staging", "prod"], min_length=1)
    """Environments in the order in which they get a release: `slipway promote` takes it from one to the next."""
