"""Nodes that are made anew are made anew one by one: the rest of the environment goes on meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi.automation import OpType

from infra.operate.engine import colour, engine_step, show_error, show_output
from infra.operate.interrupted import MACHINE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pulumi.automation import EngineEvent

    from infra.operate.engine import LayerStack


def replaced_machines(events: Iterable[EngineEvent]) -> list[str]:
    """Return the URNs of the machines that a preview replaces, in stable order, each once."""
    found = {
        event.resource_pre_event.metadata.urn
        for event in events
        if event.resource_pre_event is not None
        and event.resource_pre_event.metadata.type == MACHINE
        and event.resource_pre_event.metadata.op is OpType.REPLACE
    }
    return sorted(found)


def replace_one_by_one(stack: LayerStack, urns: list[str]) -> None:
    """Replace machines one after the other, if there are several. Raises `StepFailed` at the first that fails.

    The machines that follow are left as they were then.
    """
    if len(urns) < 2:  # noqa: PLR2004 - one alone is the update's own business
        return
    for number, urn in enumerate(urns, start=1):
        print(f"{stack.name}: replacing {urn.rpartition('::')[2]}, {number} of {len(urns)}", flush=True)
        with engine_step(stack, "replacement"):
            stack.handle.up(
                target=[urn], on_output=show_output, on_error=show_error, color=colour(), show_secrets=False
            )
