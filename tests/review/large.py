"""A review with as many changes as one wants, none of which is quite like another."""

from __future__ import annotations

from infra.review.model import EnvironmentReview, Review
from tests.review.made import changed, layer, thing

_KINDS = ("apps/v1:Deployment", "core/v1:Service", "core/v1:ConfigMap", "core/v1:Secret", "apps/v1:StatefulSet")
_TOOLS = 40
_OPERATIONS = ("update", "update", "update", "create", "delete", "replace")


def large_review(count: int) -> Review:
    """Return a review of two environments with so many changes together."""
    found = []
    for environment, number in (("dev", count // 2), ("prod", count - count // 2)):
        stack = f"{environment}.platform"
        changes = (
            thing(
                stack,
                f"tool-{index % _TOOLS}",
                _KINDS[index % len(_KINDS)],
                f"space-{index % 7}/thing{index}x",
                _OPERATIONS[index % len(_OPERATIONS)],
                changed('metadata.labels["helm.sh/chart"]', f"tool-{index % _TOOLS}-1", f"tool-{index % _TOOLS}-2"),
                changed("spec.replicas", str(index), str(index + 1)),
                changed(f'data["{index}.conf"]', f"a: {index}\nb: 1\n" * 5, f"a: {index + 1}\nb: 1\n" * 5),
            )
            for index in range(number)
        )
        found.append(EnvironmentReview(environment, (layer(stack, *changes),)))
    return Review(tuple(found))
