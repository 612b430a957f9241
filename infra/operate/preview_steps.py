"""The engine's events of a preview as plain steps, and what it says of the stack's own outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.review.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pulumi.automation import EngineEvent
    from pulumi.automation.events import StepEventMetadata

_STACK = "pulumi:pulumi:Stack"


def steps_of(events: Iterable[EngineEvent]) -> list[Step]:
    """Return what a preview's events say of each resource, in the order of the events."""
    return [_step(each.resource_pre_event.metadata) for each in events if each.resource_pre_event is not None]


def stack_outputs(events: Iterable[EngineEvent]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the stack's outputs before and after, as far as a preview knows them; secrets are masked."""
    for event in events:
        found = event.res_outputs_event
        if found is not None and found.metadata.type == _STACK:
            old, new = found.metadata.old, found.metadata.new
            return dict((old.outputs if old else None) or {}), dict((new.outputs if new else None) or {})
    return {}, {}


def _step(metadata: StepEventMetadata) -> Step:
    old, new = metadata.old, metadata.new
    known = new or old
    return Step(
        urn=metadata.urn,
        type=metadata.type,
        operation=str(getattr(metadata.op, "value", metadata.op)),
        old=old.inputs if old else None,
        new=new.inputs if new else None,
        state=old.outputs if old else None,
        detailed={path: str(each.diff_kind.value) for path, each in (metadata.detailed_diff or {}).items()},
        keys=tuple(metadata.keys or ()),
        protected=bool(old and old.protect),
        retained=bool(old and old.retain_on_delete),
        parent=known.parent if known else "",
    )
