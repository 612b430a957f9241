"""A review as plain data: layers with their verdicts, changes of resources, differences of documents and releases."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["no change", "changes", "not previewable", "preview failed"]
Severity = Literal["refuse", "warn"]
Operation = Literal["create", "update", "replace", "delete", "forget", "import", "other"]
SECRET_CHANGED = "[secret changed]"  # noqa: S105 - what stands for a secret
UNKNOWN = "[known after the change]"


@dataclass(frozen=True, order=True)
class PropertyChange:
    """One property that differs.

    `path` is whole, as `spec.template.spec.containers[0].image`; `old` and `new` are JSON texts, nothing where the
    property was not or will not be there, `SECRET_CHANGED` for secrets, `UNKNOWN` for what is not known yet. `replaces`
    says that this one forces a replacement.
    """

    path: str
    old: str
    new: str
    replaces: bool = False


@dataclass(frozen=True, order=True)
class ResourceChange:
    """One resource that changes.

    `name` is its own, `component` what it stands in, as `harbor`; `type` is the engine's. `protected`
    says that the state protects it.
    """

    urn: str
    type: str
    name: str
    component: str
    operation: Operation
    properties: tuple[PropertyChange, ...] = ()
    protected: bool = False


@dataclass(frozen=True)
class Staleness:
    """What a preview was made of: a later run tells by it whether the preview still holds.

    Versions are texts, empty where unknown; `inventory_age_days` is None without an inventory. `rehearsed` says that it
    was made in a rehearsal of the revision compared with, not on the living environment.
    """

    state: str = ""
    engine: str = ""
    plugins: tuple[tuple[str, str], ...] = ()
    revision: str = ""
    inventory_age_days: int | None = None
    rehearsed: bool = False


@dataclass(frozen=True)
class LayerReview:
    """One layer of one environment: its verdict, `reason` where it could not be previewed, and what changes.

    `unchanged` counts resources that stay as they are; `noise` changes that are known to mean nothing, by why.
    `removed` are tools and node pools that go as a whole, by the names of their components.
    """

    environment: str
    layer: str
    verdict: Verdict
    reason: str = ""
    changes: tuple[ResourceChange, ...] = ()
    unchanged: int = 0
    noise: tuple[tuple[str, int], ...] = ()
    staleness: Staleness = field(default_factory=Staleness)
    removed: tuple[str, ...] = ()

    @property
    def stack(self) -> str:
        """The stack's name."""
        return f"{self.environment}.{self.layer}"


@dataclass(frozen=True, order=True)
class Danger:
    """Something that a person should see first: `what` happens, to which `subjects`, and `why` it matters."""

    rank: int
    what: str
    subjects: tuple[str, ...]
    why: str
    stack: str


@dataclass(frozen=True, order=True)
class GpuChange:
    """A node's GPUs, by the placement locks; `old` and `new` say what it has and where, nothing for none.

    `moved` are the same on another host or device, `changed` another kind or number of them.
    """

    kind: Literal["gained", "lost", "moved", "changed"]
    environment: str
    node: str
    old: str
    new: str


@dataclass(frozen=True, order=True)
class ReleaseChange:
    """One thing that a release pins otherwise: `name` as `charts.harbor`, `old` and `new` versions or digests."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, order=True)
class TextChange:
    """A text that differs: `name` as `dev: values of harbor`, and its unified difference, line by line."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class EnvironmentReview:
    """One environment: layers bottom to top, and what differs in its documents since the revision compared with.

    `release` is the version before and now. `refusals` are why the document is not accepted, if it isn't.
    """

    environment: str
    layers: tuple[LayerReview, ...] = ()
    release: tuple[str, str] = ("", "")
    release_changes: tuple[ReleaseChange, ...] = ()
    gpus: tuple[GpuChange, ...] = ()
    documents: tuple[PropertyChange, ...] = ()
    texts: tuple[TextChange, ...] = ()
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True, order=True)
class RuleResult:
    """What a rule found: `excepted` says until when somebody has excepted it, and who, else nothing.

    A rule of the severity `refuse` keeps the change from being carried out unless it is excepted.
    """

    rule: str
    subject: str
    message: str
    reason: str
    excepted: str = ""
    severity: Severity = "refuse"

    @property
    def refuses(self) -> bool:
        """Whether it keeps the change from being carried out."""
        return self.severity == "refuse" and not self.excepted


@dataclass(frozen=True)
class Review:
    """A whole review; `against` names the revision that documents were compared with, empty where with none."""

    environments: tuple[EnvironmentReview, ...]
    against: str = ""
    revision: str = ""
    dangers: tuple[Danger, ...] = ()
    rules: tuple[RuleResult, ...] = ()

    @property
    def layers(self) -> tuple[LayerReview, ...]:
        """Every layer of every environment."""
        return tuple(layer for each in self.environments for layer in each.layers)


def as_text(value: Any) -> str:  # noqa: ANN401 - any value of a property
    """Return a value as a property change has it: JSON with sorted keys; a text without quotes; nothing for None."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
