"""What the document, the state and the simulator each say that there is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.catalog import Catalog
from infra.compute.plan import plan_compute

if TYPE_CHECKING:
    from rehearsal.control import Machine
    from rehearsal.session import Rehearsal

MACHINE = "vsphere:index/virtualMachine:VirtualMachine"
GPU_TEMPLATE = "slipway:index:GpuTemplate"


def deployment(rehearsal: Rehearsal, environment: str = "dev") -> dict[str, Any]:
    """Return the compute stack's state."""
    done = rehearsal.run(["pulumi", "stack", "export", "-s", f"{environment}.compute"])
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["deployment"]
    return found


def recorded_machines(rehearsal: Rehearsal, environment: str = "dev") -> dict[str, str]:
    """Return the recorded machines: identifiers by name."""
    resources = deployment(rehearsal, environment).get("resources") or []
    return {entry["inputs"]["name"]: entry["id"] for entry in resources if entry["type"] == MACHINE}


def recorded_templates(rehearsal: Rehearsal, environment: str = "dev") -> dict[str, str]:
    """Return the recorded GPU templates: BIOS UUIDs by name."""
    resources = deployment(rehearsal, environment).get("resources") or []
    return {e["outputs"]["name"]: e["outputs"]["uuid"] for e in resources if e["type"] == GPU_TEMPLATE}


def in_folder(rehearsal: Rehearsal, environment: str = "dev") -> list[Machine]:
    """Return what the simulator has in an environment's folder, templates too."""
    folder = Catalog(rehearsal.layout.root).load(environment)[0].vcenter.folder
    return [machine for machine in rehearsal.control.machines() if f"/{folder}/" in machine.path]


def machines_of(rehearsal: Rehearsal, environment: str = "dev") -> dict[str, Machine]:
    """Return the simulator's machines in an environment's folder, by name."""
    return {machine.name: machine for machine in in_folder(rehearsal, environment) if not machine.template}


def simulated_machines(rehearsal: Rehearsal, environment: str = "dev") -> dict[str, str]:
    """Return BIOS UUIDs of the simulator's machines in an environment's folder, by name."""
    return {name: machine.uuid for name, machine in machines_of(rehearsal, environment).items()}


def planned_machines(rehearsal: Rehearsal, environment: str = "dev") -> set[str]:
    """Return the names of the machines that the document asks for."""
    return {node.name for node in plan_compute(*Catalog(rehearsal.layout.root).load(environment)).nodes}


def assert_all_agree(rehearsal: Rehearsal, environment: str = "dev") -> None:
    """Assert that simulator, state and document have the same machines, all running with their addresses.

    GPU templates, too, are the same in simulator and state.
    """
    simulated = simulated_machines(rehearsal, environment)
    assert simulated == recorded_machines(rehearsal, environment)
    templates = {machine.name: machine.uuid for machine in in_folder(rehearsal, environment) if machine.template}
    assert templates == recorded_templates(rehearsal, environment)
    assert set(simulated) == planned_machines(rehearsal, environment)
    assert not deployment(rehearsal, environment).get("pending_operations")
    running = machines_of(rehearsal, environment)
    assert all(machine.power == "poweredOn" and machine.address for machine in running.values()), running
