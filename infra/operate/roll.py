"""Nodes that are made anew or restarted go a few at a time: the rest of the environment goes on meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.operate.engine import colour, engine_step, show_error, show_output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.compute.plan import ComputePlan
    from infra.operate.changes import Changes
    from infra.operate.engine import LayerStack
    from infra.operate.quorum import Quorum


def batches(plan: ComputePlan, urns: Iterable[str]) -> list[list[str]]:
    """Return machines (URNs) in groups that may be away together, pool by pool as the plan has them.

    A group has at most `max_unavailable` machines of one pool; machines that no pool has come one by one at the end.
    """
    by_name = {urn.rpartition("::")[2]: urn for urn in sorted(urns)}
    groups: list[list[str]] = []
    for pool in plan.pools:
        own = [by_name.pop(node.name) for node in pool.nodes if node.name in by_name]
        size = pool.max_unavailable
        groups += [own[first : first + size] for first in range(0, len(own), size)]
    return groups + [[urn] for urn in by_name.values()]


def disturb_in_batches(
    stack: LayerStack, changes: Changes, groups: list[list[str]], quorum: Quorum | None = None
) -> None:
    """Make machines anew or restart them, group after group, if there are several.

    With `quorum` control-plane nodes wait for each other, also when one of them is all there is to do.
    Raises `StepFailed` at the first that fails; the machines that follow are left as they were then. What else is new
    comes before, for machines may stand on it. A rule that names a machine goes along, unless it is to name a machine
    that is not there yet: then it follows in the update at the end.
    """
    watched = quorum is not None and any(quorum.concerns([_name(urn) for urn in group]) for group in groups)
    if len(groups) < 2 and not watched:  # noqa: PLR2004 - one alone is the update's own business
        return
    groups = quorum.ordered(groups) if quorum else groups
    if changes.needed:
        print(f"{stack.name}: what is new besides the nodes comes first", flush=True)
        _update(stack, list(changes.needed), changes, along=False)
    done, total = 0, sum(len(group) for group in groups)
    for group in groups:
        names = ", ".join(_name(urn) for urn in group)
        done += len(group)
        verb = "replacing" if set(group) & set(changes.replaced) else "restarting"
        print(f"{stack.name}: {verb} {names}, {done} of {total}", flush=True)
        own = {_name(urn) for urn in group}
        if quorum:
            quorum.check(own)
        attached = [urn for urn in changes.attached if _name(urn) in own]
        _update(stack, [*group, *attached], changes, along=not changes.created)
        if quorum:
            quorum.wait(own)


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _update(stack: LayerStack, urns: list[str], changes: Changes, *, along: bool) -> None:
    """Update a part of the stack.

    One step after the other when something is to go: the engine (3.259) records machines that still stand on it, and
    are not of this part, in parallel with it, and now and then before it, which breaks the state.
    """
    with engine_step(stack, "updating a part of it"):
        stack.handle.up(
            target=urns,
            target_dependents=along,
            on_output=show_output,
            on_error=show_error,
            color=colour(),
            show_secrets=False,
            suppress_outputs=True,
            parallel=1 if changes.removed else None,
        )
