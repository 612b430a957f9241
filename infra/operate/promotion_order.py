"""The order of promotions, `stacks/promotion.yaml`, as a checkout has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import DocumentsRefused
from infra.model.promotion import Promotion
from infra.review.promotion import SOURCE, order_refusals

if TYPE_CHECKING:
    from infra.catalog import Catalog
    from infra.documents import RawDocument


def promotion_order(catalog: Catalog) -> tuple[RawDocument, Promotion] | None:
    """Return the checked order of promotions, or None where a checkout has none. Raises `DocumentsRefused`."""
    found = catalog.optional(SOURCE, Promotion)
    if found is None:
        return None
    document, promotion = found
    wrong = order_refusals(promotion, catalog.environment_names())
    refusals = [document.finding(each.path, each.value, each.reason, each.fix) for each in wrong]
    if refusals:
        raise DocumentsRefused(refusals)
    return document, promotion
