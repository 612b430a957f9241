"""GPU templates that stand already: read, changed in place, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyVmomi import vim

from infra.vsphere.provider.faults import TemplateRefused, explained, finish
from infra.vsphere.provider.kinds import Found
from infra.vsphere.provider.template_reading import place_of, standing, standing_with_uuid
from infra.vsphere.session import find

if TYPE_CHECKING:
    from infra.vsphere.provider.template_inputs import Wanted
    from infra.vsphere.provider.template_reading import Standing
    from infra.vsphere.provider.values import Properties
    from infra.vsphere.session import VCenter


def recorded(found: Standing, properties: Properties, inputs: Properties) -> Found:
    """Return what is recorded of a template: its properties and inputs, with what vCenter says in their place."""
    current = {"name": found.name, "devices": found.devices}
    if "notes" in inputs:
        current["notes"] = found.notes
    own = {"uuid": found.uuid, "moid": found.reference._moId}
    if found.mark is not None:
        own["baseUuid"] = found.mark.base_uuid
    return Found(found.uuid, {**properties, **current, **own}, {**inputs, **current})


def present(instance: VCenter, identifier: str, state: Properties, inputs: Properties) -> Found | None:
    """Return a recorded template as it is, or None when it is gone."""
    with explained(state["name"], "read it"):
        found = standing_with_uuid(instance, identifier)
        if found is None:
            return None
        datacenter, folder = place_of(instance, found.reference)
    place = {"datacenter": datacenter, "folder": folder}
    return recorded(found, {**state, **place}, {**inputs, **place})


def imported(instance: VCenter, identifier: str) -> Found | None:
    """Return the template at an inventory path, or with a BIOS UUID; None when there is nothing.

    Raises `TemplateRefused` for one that was not made by Slipway: nothing tells what it was made from.
    """
    with explained(identifier, "read it"):
        if "/" in identifier:
            reference = find(instance, identifier)
            found = standing(instance, reference) if isinstance(reference, vim.VirtualMachine) else None
        else:
            found = standing_with_uuid(instance, identifier)
        if found is None:
            return None
        datacenter, folder = place_of(instance, found.reference)
    if found.mark is None or not found.is_ours:
        reason = "is there and was not made by Slipway: it carries no mark of its own"
        raise TemplateRefused(identifier, reason, "let Slipway make one of another name")
    inputs = {
        "name": found.name,
        "folder": folder,
        "datacenter": datacenter,
        "baseTemplate": found.mark.base,
        "devices": found.devices,
        **found.mark.placement,
    }
    if found.notes:
        inputs["notes"] = found.notes
    return recorded(found, inputs, inputs)


def changed(instance: VCenter, identifier: str, wanted: Wanted, inputs: Properties) -> Found:
    """Give a template the name, folder and notes that are asked for, where it has others."""
    found = standing_with_uuid(instance, identifier)
    if found is None:
        reason = f"the template with UUID {identifier} is gone"
        raise TemplateRefused(wanted.name, reason, "run `pulumi refresh`, so that it is made anew")
    _check_ours(found)
    machine = found.reference
    with explained(wanted.name, "change it"):
        if place_of(instance, machine)[1] != wanted.folder:
            folder = find(instance, wanted.folder_path)
            if not isinstance(folder, vim.Folder):
                reason = f"there is no folder {wanted.folder_path}"
                raise TemplateRefused(wanted.name, reason, "create it, or mend the path")
            finish(folder.MoveIntoFolder_Task([machine]))
        if found.name != wanted.name:
            finish(machine.Rename_Task(wanted.name))
        if wanted.notes is not None and found.notes != wanted.notes:
            finish(machine.ReconfigVM_Task(vim.vm.ConfigSpec(annotation=wanted.notes)))
        after = standing(instance, machine)
    return recorded(after or found, inputs, inputs)


def remove(instance: VCenter, identifier: str, state: Properties) -> None:
    """Remove a template with its disks; one that is gone already is fine.

    Raises `TemplateRefused` for what does not carry the mark, and for a template that was turned into a running
    machine.
    """
    found = standing_with_uuid(instance, identifier)
    if found is None:
        return
    _check_ours(found)
    if found.powered_on:
        reason = "it was turned into a machine and runs"
        raise TemplateRefused(found.name, reason, "switch it off if nobody needs it, and run again")
    with explained(state.get("name", found.name), "remove it"):
        finish(found.reference.Destroy_Task())


def _check_ours(found: Standing) -> None:
    if not found.is_ours:
        reason = f"the machine with UUID {found.uuid} does not carry Slipway's mark, so it is not touched"
        fix = "remove it by hand if nobody needs it, then run `pulumi refresh`"
        raise TemplateRefused(found.name, reason, fix)
