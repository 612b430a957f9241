"""What a killed run left in a stack's state, and the state without it: pure, over an exported deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.review import machines

Deployment = Mapping[str, Any]  # `deployment` of `pulumi stack export`

MACHINE = machines.MACHINE
FOLDER = "vsphere:index/folder:Folder"
RESOURCE_POOL = "vsphere:index/resourcePool:ResourcePool"
PORT_GROUP = "vsphere:index/distributedPortGroup:DistributedPortGroup"
ANTI_AFFINITY_RULE = "vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule"
DRS_OVERRIDE = "vsphere:index/drsVmOverride:DrsVmOverride"
TAG_CATEGORY = "vsphere:index/tagCategory:TagCategory"
TAG = "vsphere:index/tag:Tag"


@dataclass(frozen=True)
class PendingOperation:
    """An operation that the engine began and whose end it never recorded.

    `operation` is creating, updating, deleting or another of the engine's words; `kind` the resource's type token;
    `name` its name in vCenter; `inputs` what it was to be.
    """

    urn: str
    operation: str
    kind: str
    name: str
    inputs: dict[str, Any]


def pending_operations(deployment: Deployment) -> list[PendingOperation]:
    """Return the pending operations of a deployment, in its order."""
    return [
        PendingOperation(
            urn=entry["resource"]["urn"],
            operation=entry["type"],
            kind=entry["resource"]["type"],
            name=_vsphere_name(entry["resource"]),
            inputs=entry["resource"].get("inputs", {}),
        )
        for entry in deployment.get("pending_operations") or []
    ]


def unfinished_machines(deployment: Deployment) -> set[str]:
    """Return the names of recorded machines whose last create or update failed or was killed half-way."""
    updating = {pending.urn for pending in pending_operations(deployment) if pending.operation == "updating"}
    return {
        _vsphere_name(resource)
        for resource in deployment.get("resources") or []
        if resource["type"] == MACHINE and (resource.get("initErrors") or resource["urn"] in updating)
    }


def recorded_ids(deployment: Deployment) -> set[str]:
    """Return the identifiers of all recorded resources."""
    return {resource["id"] for resource in deployment.get("resources") or [] if resource.get("id")}


@dataclass(frozen=True)
class Adopted:
    """Something that a killed create made: its identifier and the outputs to record with it."""

    id: str
    outputs: dict[str, Any]


def without_pending(deployment: Deployment, adopted: Mapping[str, Adopted], gone: set[str]) -> Deployment:
    """Return a deployment without pending operations.

    `adopted` gives, by URN, what killed creates made: it is recorded with the inputs it was made from. `gone` are the
    URNs of recorded things that a killed delete had removed.
    """
    created = [
        {**entry["resource"], "id": adopted[urn].id, "outputs": adopted[urn].outputs}
        for entry in deployment.get("pending_operations") or []
        if (urn := entry["resource"]["urn"]) in adopted
    ]
    superseded = gone | set(adopted)  # a killed replacement leaves the entry of the machine that it had deleted
    kept = [resource for resource in deployment.get("resources") or [] if resource["urn"] not in superseded]
    return {**deployment, "resources": [*kept, *created], "pending_operations": []}


def _vsphere_name(resource: Mapping[str, Any]) -> str:
    inputs = resource.get("inputs", {})
    return str(inputs.get("name") or inputs.get("path") or resource["urn"].rpartition("::")[2])
