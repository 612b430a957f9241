"""What the document, the state and the simulator each say that there is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.catalog import Catalog
from infra.compute.plan import plan_compute

if TYPE_CHECKING:
    from rehearsal.session import Rehearsal

MACHINE = "vsphere:index/virtualMachine:VirtualMachine"


def deployment(rehearsal: Rehearsal) -> dict[str, Any]:
    """Return the compute stack's state."""
    done = rehearsal.run(["pulumi", "stack", "export", "-s", f"{rehearsal.layout.environment}.compute"])
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["deployment"]
    return found


def recorded_machines(rehearsal: Rehearsal) -> dict[str, str]:
    """Return the recorded machines: identifiers by name."""
    resources = deployment(rehearsal).get("resources") or []
    return {entry["inputs"]["name"]: entry["id"] for entry in resources if entry["type"] == MACHINE}


def simulated_machines(rehearsal: Rehearsal) -> dict[str, str]:
    """Return the simulator's machines without templates: BIOS UUIDs by name."""
    return {machine.name: machine.uuid for machine in rehearsal.control.machines() if not machine.template}


def planned_machines(rehearsal: Rehearsal) -> set[str]:
    """Return the names of the machines that the document asks for."""
    environment, release = Catalog(rehearsal.layout.root).load(rehearsal.layout.environment)
    return {node.name for pool in plan_compute(environment, release).pools for node in pool.nodes}


def assert_all_agree(rehearsal: Rehearsal) -> None:
    """Assert that simulator, state and document have the same machines, all running with their addresses."""
    simulated = simulated_machines(rehearsal)
    assert simulated == recorded_machines(rehearsal)
    assert set(simulated) == planned_machines(rehearsal)
    assert not deployment(rehearsal).get("pending_operations")
    running = {machine.name: machine for machine in rehearsal.control.machines() if not machine.template}
    assert all(machine.power == "poweredOn" and machine.address for machine in running.values()), running
