"""What a killed run left in a state, and the state without it."""

from __future__ import annotations

from typing import Any

from infra.operate.interrupted import (
    FOLDER,
    MACHINE,
    Adopted,
    pending_operations,
    recorded_ids,
    unfinished_machines,
    without_pending,
)


def resource(kind: str, name: str, **more: Any) -> dict[str, Any]:
    key = "path" if kind == FOLDER else "name"
    return {"urn": f"urn:pulumi:dev.compute::slipway::{kind}::{name}", "type": kind, "inputs": {key: name}, **more}


DEPLOYMENT = {
    "manifest": {"version": "v3"},
    "resources": [
        resource(MACHINE, "dev-cpu-1", id="uuid-1", outputs={}),
        resource(MACHINE, "dev-cpu-2", id="uuid-2", outputs={}, initErrors=["no memory"]),
        resource(MACHINE, "dev-cpu-3", id="uuid-3", outputs={}),
        resource(FOLDER, "slipway-dev", id="group-1", outputs={}),
    ],
    "pending_operations": [
        {"type": "creating", "resource": resource(MACHINE, "dev-cpu-4")},
        {"type": "updating", "resource": resource(MACHINE, "dev-cpu-3", id="uuid-3")},
        {"type": "deleting", "resource": resource(FOLDER, "slipway-dev", id="group-1")},
    ],
}


def test_pending_operations_are_named_as_vcenter_names_things() -> None:
    found = pending_operations(DEPLOYMENT)
    assert [(op.operation, op.name) for op in found] == [
        ("creating", "dev-cpu-4"),
        ("updating", "dev-cpu-3"),
        ("deleting", "slipway-dev"),
    ]


def test_machines_that_failed_or_were_being_updated_are_unfinished() -> None:
    assert unfinished_machines(DEPLOYMENT) == {"dev-cpu-2", "dev-cpu-3"}


def test_adopted_things_are_recorded_and_gone_ones_dropped() -> None:
    urn = DEPLOYMENT["pending_operations"][0]["resource"]["urn"]  # type: ignore[index]
    gone = {str(DEPLOYMENT["resources"][3]["urn"])}  # type: ignore[index]
    after = without_pending(DEPLOYMENT, {urn: Adopted("uuid-4", {"name": "dev-cpu-4"})}, gone)
    assert after["pending_operations"] == []
    assert recorded_ids(after) == {"uuid-1", "uuid-2", "uuid-3", "uuid-4"}
    assert after["resources"][-1]["outputs"] == {"name": "dev-cpu-4"}
    assert after["manifest"] == DEPLOYMENT["manifest"]
    assert len(DEPLOYMENT["pending_operations"]) == 3, "the exported state itself is not changed"


def test_state_of_a_stack_that_never_ran() -> None:
    assert pending_operations({}) == []
    assert unfinished_machines({}) == set()
    assert without_pending({}, {}, set())["resources"] == []
