"""Nodes that are made anew are made anew a few at a time: the rest of the environment goes on meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi.automation import OpType

from infra.operate.engine import colour, engine_step, show_error, show_output
from infra.operate.interrupted import MACHINE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pulumi.automation import EngineEvent

    from infra.compute.plan import ComputePlan
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


def batches(plan: ComputePlan, urns: Iterable[str]) -> list[list[str]]:
    """Return the machines to replace (URNs) in groups that may be away together, pool by pool as the plan has them.

    A group has at most `max_unavailable` machines of one pool; machines that no pool has come one by one at the end.
    """
    by_name = {urn.rpartition("::")[2]: urn for urn in sorted(urns)}
    groups: list[list[str]] = []
    for pool in plan.pools:
        own = [by_name.pop(node.name) for node in pool.nodes if node.name in by_name]
        size = pool.max_unavailable
        groups += [own[first : first + size] for first in range(0, len(own), size)]
    return groups + [[urn] for urn in by_name.values()]


def replace_in_batches(stack: LayerStack, groups: list[list[str]]) -> None:
    """Replace machines group after group, if there are several. Raises `StepFailed` at the first that fails.

    The machines that follow are left as they were then. What depends on a machine (a rule that names it) goes along.
    """
    if len(groups) < 2:  # noqa: PLR2004 - one alone is the update's own business
        return
    done, total = 0, sum(len(group) for group in groups)
    for group in groups:
        names = ", ".join(urn.rpartition("::")[2] for urn in group)
        done += len(group)
        print(f"{stack.name}: replacing {names}, {done} of {total}", flush=True)
        with engine_step(stack, "replacement"):
            stack.handle.up(
                target=group,
                target_dependents=True,
                on_output=show_output,
                on_error=show_error,
                color=colour(),
                show_secrets=False,
            )
