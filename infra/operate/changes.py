"""What a preview would do to machines: made anew, restarted, with which disks lost. Read from the engine's events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulumi.automation import OpType

from infra.guest_info import METADATA, USER_DATA, unpacked
from infra.operate.interrupted import ANTI_AFFINITY_RULE, DRS_OVERRIDE, MACHINE
from infra.review.machines import restarting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pulumi.automation import EngineEvent
    from pulumi.automation.events import StepEventMetadata, StepEventStateMetadata

SYSTEM_DISK = "disk0"
_COMPONENTS = "slipway:"  # they only group what is below them


@dataclass(frozen=True)
class Changes:
    """Machines by what becomes of them, as URNs in stable order, and what else is new.

    `replaced` are made anew, `restarted` are changed while they are off, `created` are new. `needed` are the other
    things that are created or changed: machines may stand on them. `lost_disks` are data disks that go, by machine;
    `first_boot` the documents of replaced machines, before and after. `attached` are DRS overrides, named as the
    machine that they go with. `removed` are things of any kind that go without a successor.
    """

    replaced: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()
    created: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    lost_disks: tuple[tuple[str, tuple[str, ...]], ...] = ()
    first_boot: tuple[tuple[str, str, str], ...] = ()
    attached: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def disturbed(self) -> tuple[str, ...]:
        """The machines that are away for a while."""
        return tuple(sorted({*self.replaced, *self.restarted}))


def changes_of(events: Iterable[EngineEvent]) -> Changes:
    """Return what a preview's events say."""
    steps = [event.resource_pre_event.metadata for event in events if event.resource_pre_event is not None]
    machines = [step for step in steps if step.type == MACHINE]
    return Changes(
        replaced=_urns(step for step in machines if step.op is OpType.REPLACE),
        restarted=_urns(step for step in machines if step.op is OpType.UPDATE and restarting(_paths(step))),
        created=_urns(step for step in machines if step.op is OpType.CREATE),
        needed=_urns(
            step
            for step in steps
            if step.op in (OpType.CREATE, OpType.UPDATE)
            and step.type not in (MACHINE, ANTI_AFFINITY_RULE, DRS_OVERRIDE)
            and not step.type.startswith((_COMPONENTS, "pulumi:"))
        ),
        attached=_urns(step for step in steps if step.type == DRS_OVERRIDE),
        removed=_urns(step for step in steps if step.op is OpType.DELETE),
        first_boot=tuple(sorted(_first_boot(step) for step in machines if step.op is OpType.REPLACE)),
        lost_disks=tuple(sorted((_name(step.urn), lost) for step in machines if (lost := _lost_disks(step)))),
    )


def _urns(steps: Iterable[StepEventMetadata]) -> tuple[str, ...]:
    return tuple(sorted({step.urn for step in steps}))


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _paths(step: StepEventMetadata) -> list[str]:
    return [*(step.detailed_diff or {}), *(step.diffs or [])]


def _lost_disks(step: StepEventMetadata) -> tuple[str, ...]:
    """Return the labels of the data disks that a machine has now and will not keep."""
    if step.op not in (OpType.REPLACE, OpType.UPDATE):
        return ()
    before = _labels(step.old.inputs if step.old else {})
    after = set() if step.op is OpType.REPLACE else _labels(step.new.inputs if step.new else {})
    return tuple(sorted(before - after - {SYSTEM_DISK}))


def _first_boot(step: StepEventMetadata) -> tuple[str, str, str]:
    return _name(step.urn), _documents(step.old), _documents(step.new)


def _documents(state: StepEventStateMetadata | None) -> str:
    """Return both first-boot documents of a machine as one text."""
    extra = ((state.inputs if state else None) or {}).get("extraConfig") or {}
    return "".join(unpacked(extra[key]) for key in (METADATA, USER_DATA) if extra.get(key))


def _labels(inputs: Any) -> set[str]:  # noqa: ANN401 - the engine's own values
    return {str(disk.get("label")) for disk in (inputs or {}).get("disks", [])}
