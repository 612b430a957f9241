"""Changes of resources, as a review has them, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.review.model import LayerReview, Operation, PropertyChange, ResourceChange

if TYPE_CHECKING:
    from infra.review.model import Verdict

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"


def urn_of(stack: str, type_: str, name: str, parents: str = "") -> str:
    """Return the URN of a resource; `parents` are types that it stands in, with a $ behind each."""
    return f"urn:pulumi:{stack}::slipway::{parents}{type_}::{name}"


def change(
    operation: Operation,
    type_: str,
    name: str,
    *properties: PropertyChange,
    stack: str = "prod.platform",
    component: str = "",
) -> ResourceChange:
    """Return one change of a stack's resource."""
    return ResourceChange(urn_of(stack, type_, name), type_, name, component, operation, properties)


def layer(*changes: ResourceChange, stack: str = "prod.platform", verdict: Verdict = "changes") -> LayerReview:
    """Return the review of a layer with some changes."""
    environment, _, name = stack.partition(".")
    return LayerReview(environment, name, verdict, changes=changes)
