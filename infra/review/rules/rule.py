"""What a rule is, what it looks at, and how it is told of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from infra.compute.plan import plan_compute
from infra.layer_plans import layer_plans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from infra.components.plan import LayerPlan
    from infra.compute.plan import ComputePlan
    from infra.gpu.lock import PlacementLock
    from infra.model.environment import Environment
    from infra.model.handover import Layer
    from infra.model.release import Release
    from infra.review.model import LayerReview, ResourceChange, Severity
    from infra.review.steps import Step

LooksAt = Literal["document", "preview"]


@dataclass(frozen=True)
class Documents:
    """What rules on documents look at: one environment, its release, and what its layers make of both."""

    environment: Environment
    release: Release
    compute: ComputePlan
    layers: Mapping[Layer, LayerPlan]

    @classmethod
    def of(cls, environment: Environment, release: Release, lock: PlacementLock | None) -> Documents:
        """Return them with the plans of all layers; `lock` says which node gets which GPUs."""
        plan = plan_compute(environment, release, lock)
        return cls(environment, release, plan, layer_plans(environment, release))

    def subject(self, path: str) -> str:
        """Return what a finding in the document is about, as `prod:controlPlane.count`."""
        return f"{self.environment.name}:{path}"


@dataclass(frozen=True)
class Preview:
    """What rules on previews look at: one layer's review, and what its resources will be.

    `inputs` are the new inputs of every resource that the preview told, by URN, whole: a review has of a new resource
    its name only. `bundle` says whether the charts come from a real bundle, with digests of images, and no contract.
    """

    review: LayerReview
    inputs: Mapping[str, Mapping[str, Any]]
    bundle: bool = False

    @classmethod
    def of(cls, review: LayerReview, steps: Iterable[Step], *, bundle: bool) -> Preview:
        """Return what rules look at from the steps that the review was made of."""
        return cls(review, {step.urn: step.new for step in steps if step.new is not None}, bundle)

    def subject(self, change: ResourceChange) -> str:
        """Return what a finding in the preview is about, as `prod.platform:PersistentVolumeClaim:harbor/data`."""
        return self._subject(change.type, change.name)

    def subject_of(self, urn: str) -> str:
        """Return the same of any resource, from its URN."""
        kind, _, name = urn.rpartition("::")
        return self._subject(kind.rpartition("$")[2].rpartition("::")[2], name)

    def _subject(self, type_: str, name: str) -> str:
        return f"{self.review.stack}:{type_.rpartition(':')[2]}:{name.rpartition(':')[2]}"


@dataclass(frozen=True, order=True)
class Found:
    """One thing that a rule finds: what it is about, and what is wrong with it and what to do."""

    subject: str
    message: str


DocumentCheck: TypeAlias = "Callable[[Documents], Iterable[Found]]"
PreviewCheck: TypeAlias = "Callable[[Preview], Iterable[Found]]"


@dataclass(frozen=True)
class Rule:
    """One rule: its name, what it looks at, how severe it is, and why it is there.

    One that refuses keeps a change from being carried out unless somebody excepts it; one that warns is only told.
    """

    name: str
    looks_at: LooksAt
    severity: Severity
    reason: str


@dataclass(frozen=True)
class DocumentRule(Rule):
    """A rule on documents."""

    check: DocumentCheck


@dataclass(frozen=True)
class PreviewRule(Rule):
    """A rule on previews."""

    check: PreviewCheck


DOCUMENT_RULES: list[DocumentRule] = []
PREVIEW_RULES: list[PreviewRule] = []


def document_rule(name: str, severity: Severity, reason: str) -> Callable[[DocumentCheck], DocumentCheck]:
    """Register a function as a rule on documents."""

    def register(check: DocumentCheck) -> DocumentCheck:
        DOCUMENT_RULES.append(DocumentRule(name, "document", severity, reason, check))
        return check

    return register


def preview_rule(name: str, severity: Severity, reason: str) -> Callable[[PreviewCheck], PreviewCheck]:
    """Register a function as a rule on previews."""

    def register(check: PreviewCheck) -> PreviewCheck:
        PREVIEW_RULES.append(PreviewRule(name, "preview", severity, reason, check))
        return check

    return register
