"""What is refused before anything is done: pure checks of inputs and changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.vsphere_plugin.connection import Refused
from rehearsal.vsphere_plugin.differences import behaviour, tokens
from rehearsal.vsphere_plugin.disks import UNITS
from rehearsal.vsphere_plugin.names import refused_inputs
from rehearsal.vsphere_plugin.schema import input_types
from rehearsal.vsphere_plugin.values import UNKNOWN

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.values import Properties

DRS_LEVELS = ("manual", "partiallyAutomated", "fullyAutomated")


def check_token(token: str) -> None:
    """Raise `Refused` for a kind of resource that is not served."""
    if token not in tokens():
        raise Refused(
            f"the vSphere plugin for rehearsals does not serve {token}; it serves {', '.join(sorted(tokens()))}"
        )


def input_problems(token: str, inputs: Properties) -> dict[str, str]:
    """Return what is wrong with the inputs of a resource, by property path."""
    problems = refused_inputs(token, inputs, input_types(token), behaviour(token))
    if inputs.get("datastoreId") and inputs.get("datastoreClusterId"):
        problems["datastoreClusterId"] = (
            'Conflicting configuration arguments: "datastore_cluster_id": conflicts with datastore_id'
        )
    if inputs.get("pciDeviceIds") and "hostSystemId" not in inputs:
        problems["pciDeviceIds"] = (
            'Missing required argument: "pci_device_id": all of `host_system_id,pci_device_id` must be specified'
        )
    level = inputs.get("drsAutomationLevel", UNKNOWN)
    if level != UNKNOWN and level not in DRS_LEVELS:
        levels = " ".join(f'"{each}"' for each in DRS_LEVELS)
        problems["drsAutomationLevel"] = f"expected drs_automation_level to be one of [{levels}], got {level}"
    return problems


def check_new_machine(inputs: Properties) -> None:
    """Raise `Refused` for inputs of a new machine that a preview refuses; what is not known yet is not looked at."""
    if not inputs.get("networkInterfaces"):
        raise Refused("network_interface parameter is required when not deploying from ovf template")
    if not inputs.get("datastoreId") and not inputs.get("datastoreClusterId"):
        raise Refused("one of datastore_id datastore_cluster_id must be specified")
    check_disks(inputs.get("disks", []))


def check_disks(disks: list[Properties]) -> None:
    """Raise `Refused` for disks that a preview refuses, whatever machine they are of."""
    if not disks:
        raise Refused("there must be at least one disk specified")
    labels: set[str] = set()
    units: set[int] = set()
    for index, disk in enumerate(disks):
        label, unit = disk["label"], disk.get("unitNumber", 0)
        if label in labels:
            raise Refused(f"disk: duplicate name {label}")
        if unit in units:
            raise Refused(f"disk: duplicate SCSI unit_number {unit}")
        if isinstance(unit, int) and unit >= UNITS:
            raise Refused(
                f'disk.{index}: unit_number on disk "{label}" too high ({unit}) - '
                f"maximum value is {UNITS - 1} with 1 SCSI controller(s)"
            )
        if not disk.get("size"):
            raise Refused(f'disk.{index}: size for disk "{label}": required option not set')
        labels.add(label)
        units.add(unit)
    if 0 not in units:
        raise Refused("at least one disk must have a unit_number of 0 for SATA, SCSI, NVMe or 1 for IDE")


def check_machine_change(state: Properties, inputs: Properties) -> None:
    """Raise `Refused` for a change of a machine that a preview refuses."""
    check_disks(inputs.get("disks", []))
    wanted = {disk["label"]: disk for disk in inputs.get("disks", [])}
    for index, old in enumerate(state.get("disks", [])):
        new = wanted.get(old.get("label"), {})
        if isinstance(new.get("size"), int) and new["size"] < old["size"]:
            raise Refused(
                f'disk.{index}: virtual disk "{new["label"]}": virtual disks cannot be shrunk '
                f"(old: {old['size']} new: {new['size']})"
            )
    old_version, new_version = state.get("hardwareVersion"), inputs.get("hardwareVersion")
    if isinstance(old_version, int) and isinstance(new_version, int) and new_version < old_version:
        raise Refused(
            f"cannot downgrade virtual machine hardware version, current: {old_version}, target: {new_version}"
        )
