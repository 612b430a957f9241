"""What all reviews that look like real ones are made with: the nodes that there are, and the dangers that follow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from infra.review.dangers import dangers
from infra.review.kinds import stateful_kinds
from infra.review.model import Review

if TYPE_CHECKING:
    from infra.review.model import EnvironmentReview, RuleResult

BEFORE, AFTER = "8c1e5a90f3b7d264c0a98e1f5d7b3c2a6e4f0d19", "3f1d0c9a77e2b4f8c6a5d1e0b9387f6254c1d0aa"
GPU_NODES = {
    **{f"prod-training-{number}": "2 x H100 PCIe" for number in (1, 2)},
    **{f"prod-inference-{number}": "1 x nvidia_h100-20c" for number in range(1, 5)},
    **{f"prod-notebooks-{number}": "1 x grid_a100d-2-20c" for number in range(1, 4)},
    "staging-gpu-1": "1 x nvidia_l40s-12c",
    "dev-gpu-1": "1 x nvidia_l40s-12c",
}
DATA_DISKS = {f"prod-data-{number}": "objects, 2048 GiB" for number in range(1, 4)}
CONTROL_PLANE = tuple(
    f"{environment}-control-plane-{number}"
    for environment, count in (("dev", 1), ("staging", 1), ("prod", 3))
    for number in range(1, count + 1)
)


def review(*environments: EnvironmentReview, rules: tuple[RuleResult, ...] = ()) -> Review:
    made = Review(environments, against=BEFORE, revision=AFTER, rules=rules)
    found = dangers(made.layers, GPU_NODES, CONTROL_PLANE, stateful_kinds(), DATA_DISKS)
    return replace(made, dangers=found)
