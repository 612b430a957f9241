"""From the steps of a preview to the review of a layer: what changes, what is noise, what stays. Pure."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from infra.plain_yaml import read_yaml
from infra.review.model import LayerReview, Staleness
from infra.review.steps import resource_change

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.review.model import ResourceChange
    from infra.review.steps import Step

_GROUPS = ("pulumi:pulumi:Stack", "kubernetes:helm.sh/v4:Chart", "kubernetes:yaml/v2:ConfigGroup")
_OURS, _OUR_KINDS = "slipway:", "slipway:index:"  # components, and what our provider makes
_WHOLE = ("slipway:cluster:Component", "slipway:compute:NodePool")  # a tool, a node pool


class Noise(BaseModel):
    """Changes that are known to mean nothing: of a type (or what it begins with), at paths and below; none for all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    paths: tuple[str, ...] = ()
    why: str

    def covers(self, change: ResourceChange) -> bool:
        """Whether everything that changes of a resource is of this kind."""
        if not change.type.startswith(self.type) or change.operation not in ("update", "other"):
            return False
        if not self.paths:
            return True
        return bool(change.properties) and all(self._has(each.path) for each in change.properties)

    def _has(self, path: str) -> bool:
        return any(path == each or path.startswith((f"{each}.", f"{each}[")) for each in self.paths)


@cache
def known_noise() -> tuple[Noise, ...]:
    """Return what is known to mean nothing, from `noise.yaml`."""
    file = Path(__file__).with_name("noise.yaml")
    return tuple(Noise(**each) for each in read_yaml(file.read_bytes()))


def layer_review(environment: str, layer: str, steps: Iterable[Step], staleness: Staleness) -> LayerReview:
    """Return the review of a layer that could be previewed.

    Components that only group what is below them are not told. Changes come by component and name.
    """
    changes: list[ResourceChange] = []
    removed: set[str] = set()
    noise: Counter[str] = Counter()
    unchanged = 0
    for step in steps:
        if step.type in _WHOLE and step.operation == "delete":
            removed.add(step.urn.rpartition("::")[2])
        if step.type.startswith(_GROUPS) or (step.type.startswith(_OURS) and not step.type.startswith(_OUR_KINDS)):
            continue
        change = resource_change(step)
        if change is None:
            unchanged += step.operation in ("same", "read", "refresh")
            continue
        why = next((each.why for each in known_noise() if each.covers(change)), None)
        if why is None:
            changes.append(change)
        else:
            noise[why] += 1
    changes.sort(key=lambda each: (each.component, each.type, each.name, each.operation))
    return LayerReview(
        environment,
        layer,
        "changes" if changes else "no change",
        changes=tuple(changes),
        unchanged=unchanged,
        noise=tuple(sorted(noise.items())),
        staleness=staleness,
        removed=tuple(sorted(removed)),
    )
