"""Addresses that change hands: the node that gives one up goes before the node that takes it comes.

The engine creates first and deletes last, and replaces in any order, so two machines would have one address for a
while. That happens when a pool is renamed, when it takes over another's range, or when two pools swap.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from infra.compute.plan import plan_compute
from infra.guest_info import METADATA, unpacked
from infra.operate.engine import colour, engine_step, show_error, show_output
from infra.operate.interrupted import MACHINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.operate.engine import LayerStack
    from infra.operate.interrupted import Deployment


def handed_on(present: Mapping[str, str], planned: Mapping[str, str]) -> dict[str, str]:
    """Return which present nodes have to go first, and which planned node takes each one's address.

    Both arguments give addresses by node name. A node that only moves to a free address is left to the engine, which
    replaces it delete-first by itself.
    """
    takers = {address: name for name, address in planned.items()}
    return {name: takers[address] for name, address in present.items() if takers.get(address, name) != name}


def recorded_addresses(deployment: Deployment) -> dict[str, str]:
    """Return the addresses of recorded machines by name: those in the documents that they were first booted with."""
    found = {}
    for entry in deployment.get("resources") or []:
        packed = entry.get("inputs", {}).get("extraConfig", {}).get(METADATA)
        if entry["type"] == MACHINE and packed:
            interface = json.loads(unpacked(packed))["network"]["ethernets"]["primary"]
            found[entry["inputs"]["name"]] = interface["addresses"][0].partition("/")[0]
    return found


def nodes_that_go_first(stack: LayerStack, environment: Environment, release: Release) -> dict[str, str]:
    """Print and return the nodes whose addresses the plan gives to others: their URNs by name."""
    deployment = stack.exported().get("deployment") or {}
    present = recorded_addresses(deployment)
    planned = {node.name: node.address for node in plan_compute(environment, release).nodes}
    going = handed_on(present, planned)
    for name, taker in sorted(going.items()):
        print(f"{stack.name}: {name} goes first: its address {present[name]} is given to {taker}", flush=True)
    machines = [entry for entry in deployment.get("resources") or [] if entry["type"] == MACHINE]
    return {entry["inputs"]["name"]: entry["urn"] for entry in machines if entry["inputs"]["name"] in going}


def make_room(stack: LayerStack, going: Mapping[str, str]) -> None:
    """Delete nodes, given as URNs by name, so that others can take their addresses. Raises `StepFailed`."""
    if not going:
        return
    with engine_step(stack, "making room"):
        stack.handle.destroy(
            target=sorted(going.values()),
            target_dependents=True,  # a rule that names them; the update makes it again
            on_output=show_output,
            on_error=show_error,
            color=colour(),
            show_secrets=False,
        )
