"""What a preview means for the nodes, in a few lines: who is made anew, in which order, what a first boot gets."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from infra.operate.roll import batches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.compute.plan import ComputePlan
    from infra.operate.changes import Changes

MOST_LINES = 40  # of a difference that is shown


def announced(changes: Changes, plan: ComputePlan) -> Iterator[str]:
    """Yield lines about machines that are disturbed: groups in their order, lost disks, changes of first boot."""
    groups = [[_name(urn) for urn in group] for group in batches(plan, changes.disturbed)]
    anew, restarted = ({_name(urn) for urn in urns} for urns in (changes.replaced, changes.restarted))
    for verb, names in (("made anew", anew), ("restarted", restarted)):
        order = [" and ".join(name for name in group if name in names) for group in groups]
        order = [group for group in order if group]
        if order:
            yield f"{verb}, in this order: {', then '.join(order)}"
    for name, disks in changes.lost_disks:
        yield f"{name} loses its data disks with all that is on them: {', '.join(disks)}"
    yield from _first_boot(changes)


def _first_boot(changes: Changes) -> Iterator[str]:
    """Yield how the first-boot documents differ, once for all machines that differ in the same way."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, before, after in changes.first_boot:
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
        difference = tuple(line for line in lines if line.startswith(("+", "-")) and line[:3] not in ("+++", "---"))
        if difference:
            alike.setdefault(difference, []).append(name)
    for difference, names in alike.items():
        yield f"at its first boot {', '.join(names)} will read:"
        yield from (f"    {line}" for line in difference[:MOST_LINES])
        if len(difference) > MOST_LINES:
            yield f"    ... and {len(difference) - MOST_LINES} more lines"


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
