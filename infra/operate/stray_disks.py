"""Disks on machines that are volumes of their cluster: the official vSphere plugin records them as the machine's own.

It reads every disk that a machine has, names those that it did not make `orphaned_disk_<n>`, and would take them away
with the next change (terraform-provider-vsphere, virtual_machine_disk_subresource.go). The cluster's storage driver
attaches and detaches them all the time; so they are taken out of what was read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.operate.interrupted import MACHINE

if TYPE_CHECKING:
    from infra.operate.engine import LayerStack
    from infra.operate.interrupted import Deployment

_STRAY = "orphaned_disk_"


def forget_stray_disks(stack: LayerStack) -> None:
    """Take disks that no document asked for out of a stack's state. Raises `StepFailed`."""
    exported = stack.exported()
    deployment = exported.get("deployment") or {}
    names = machines_with_stray_disks(deployment)
    if names:
        said = "disks that its cluster has attached are no part of a machine: left out of what was read of"
        print(f"{stack.name}: {said} {', '.join(names)}", flush=True)
        stack.replace_state(exported, without_stray_disks(deployment))


def machines_with_stray_disks(deployment: Deployment) -> list[str]:
    """Return the names of the recorded machines that have disks which nobody asked for, sorted."""
    machines = [each for each in deployment.get("resources") or [] if each["type"] == MACHINE]
    return sorted(str(each["inputs"]["name"]) for each in machines if _without(each) != each)


def without_stray_disks(deployment: Deployment) -> Deployment:
    """Return a deployment whose machines have the disks alone that were asked for."""
    resources = deployment.get("resources") or []
    return {**deployment, "resources": [_without(each) if each["type"] == MACHINE else each for each in resources]}


def _without(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        **entry,
        **{part: _own_disks(entry[part]) for part in ("inputs", "outputs") if "disks" in entry.get(part, {})},
    }


def _own_disks(properties: dict[str, Any]) -> dict[str, Any]:
    own = [disk for disk in properties["disks"] if not str(disk.get("label", "")).startswith(_STRAY)]
    return {**properties, "disks": own}
