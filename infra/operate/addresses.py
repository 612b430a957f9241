"""Addresses that change hands: the node that gives one up goes before the node that takes it comes.

The engine creates first and deletes last, and two machines would have one address for a while. That happens when a pool
is renamed, or takes over the range of a pool that goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.compute.plan import plan_compute
from infra.model.handover import HANDOVER
from infra.operate.engine import colour, engine_step, show_error, show_output
from infra.operate.interrupted import MACHINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.operate.engine import LayerStack


def handed_on(present: Mapping[str, str], planned: Mapping[str, str]) -> dict[str, str]:
    """Return which present nodes have to go first, and which planned node takes each one's address.

    Both arguments give addresses by node name. A node that stays under its name is left to the engine, which replaces
    it delete-first by itself.
    """
    takers = {address: name for name, address in planned.items() if name not in present}
    return {name: takers[address] for name, address in present.items() if name not in planned and address in takers}


def say_who_goes_first(stack: LayerStack, environment: Environment, release: Release) -> set[str]:
    """Print and return the names of the nodes whose addresses the plan gives to new nodes."""
    outputs = stack.handle.outputs()
    nodes = outputs[HANDOVER].value["nodes"] if HANDOVER in outputs else []
    present = {node["name"]: node["address"] for node in nodes}
    planned = {node.name: node.address for pool in plan_compute(environment, release).pools for node in pool.nodes}
    going = handed_on(present, planned)
    for name, taker in sorted(going.items()):
        print(f"{stack.name}: {name} goes first: its address {present[name]} is given to {taker}", flush=True)
    return set(going)


def make_room(stack: LayerStack, environment: Environment, release: Release) -> None:
    """Delete the nodes whose addresses the plan gives to new nodes. Raises `StepFailed` when the engine does."""
    going = say_who_goes_first(stack, environment, release)
    if not going:
        return
    resources = (stack.handle.export_stack().deployment or {}).get("resources") or []
    targets = [entry["urn"] for entry in resources if entry["type"] == MACHINE and entry["inputs"]["name"] in going]
    with engine_step(stack, "making room"):
        stack.handle.destroy(
            target=targets, on_output=show_output, on_error=show_error, color=colour(), show_secrets=False
        )
