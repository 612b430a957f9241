"""How a GPU template comes to be: one clone of its base, or what an earlier run left of it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from infra.vsphere.machines import wait_for_clones
from infra.vsphere.provider.faults import TemplateRefused, explained, finish
from infra.vsphere.provider.template_devices import device_additions
from infra.vsphere.provider.template_inputs import device_text
from infra.vsphere.provider.template_mark import KEY, Mark
from infra.vsphere.provider.template_reading import Standing, standing
from infra.vsphere.session import find

if TYPE_CHECKING:
    from infra.vsphere.provider.template_inputs import Wanted
    from infra.vsphere.session import VCenter

_ROUNDS = 3  # looks at a name that is taken, while what has it may still be on its way


def made(instance: VCenter, wanted: Wanted, owner: str) -> tuple[Standing, bool]:
    """Return the GPU template that is asked for, and whether it was there already.

    `owner` is the URN of its resource: a template that was made for it is taken over if it is the one that is asked
    for, and else removed and made anew. Raises `TemplateRefused` for a place that is missing, and for a stranger that
    has the name.
    """
    for _ in range(_ROUNDS):
        folder, base = places(instance, wanted)
        reference = find(instance, wanted.path)
        found = None if reference is None else _settled(instance, wanted, reference)
        if found is not None:
            _check_is_of(owner, wanted, found)
            if _finished(wanted, found, base):
                return _again(instance, wanted, found.reference), True
        try:
            with explained(wanted.name, f"clone {wanted.base}"):
                return _cloned(instance, wanted, owner, folder, base), False
        except NameTaken:
            wait_for_clones(instance, wanted.datacenter, wanted.base)
    raise TemplateRefused(
        wanted.name,
        f"{wanted.folder_path} has something of that name, or soon will",
        "wait for vCenter's running tasks, or give the template another name",
    )


class NameTaken(Exception):
    """vCenter has the name already, and may not show yet what has it."""


def places(instance: VCenter, wanted: Wanted) -> tuple[Any, Standing]:
    """Return the folder and the base template. Raises `TemplateRefused` when one is missing or isn't fit."""
    folder = find(instance, wanted.folder_path)
    if not isinstance(folder, vim.Folder):
        fix = "create it, or mend the path"
        raise TemplateRefused(wanted.name, f"there is no folder {wanted.folder_path}", fix)
    return folder, base_of(instance, wanted)


def base_of(instance: VCenter, wanted: Wanted) -> Standing:
    """Return the base template. Raises `TemplateRefused` when it is missing or isn't fit."""
    reference = find(instance, wanted.base_path)
    base = standing(instance, reference) if isinstance(reference, vim.VirtualMachine) else None
    if base is None or not base.is_template:
        reason = f"there is no template {wanted.base_path}"
        raise TemplateRefused(wanted.name, reason, "build it as docs/machine-template.md says, or mend the path")
    if base.devices:
        carried = " and ".join(device_text(device) for device in base.devices)
        reason = f"its base template {wanted.base_path} carries {carried} itself"
        raise TemplateRefused(wanted.name, reason, "remove that from the base template")
    return base


def check_not_a_stranger(instance: VCenter, wanted: Wanted) -> None:
    """Raise `TemplateRefused` when something has the template's name that is none of ours."""
    reference = find(instance, wanted.path)
    found = None if reference is None else _settled(instance, wanted, reference)
    if found is not None and not found.is_ours:
        raise _stranger(wanted)


def _stranger(wanted: Wanted) -> TemplateRefused:
    return TemplateRefused(
        wanted.name,
        f"{wanted.path} is there and was not made by Slipway, so it is not touched",
        "rename or remove it, or give the template another name",
    )


def _settled(instance: VCenter, wanted: Wanted, reference: Any) -> Standing | None:
    """Return what has the template's name, once vCenter has made it; None when that went away.

    A clone that still runs for nobody shows its machine before it has its mark, its devices and its end as a template.
    """
    if not isinstance(reference, vim.VirtualMachine):
        raise _stranger(wanted)
    found = standing(instance, reference)
    if found is None or not found.is_ours or not found.is_template:
        wait_for_clones(instance, wanted.datacenter, wanted.base)
        found = standing(instance, reference)
    return found


def _check_is_of(owner: str, wanted: Wanted, found: Standing) -> None:
    """Raise `TemplateRefused` for what is not touched: strangers, templates of other resources, running machines."""
    if found.mark is None or not found.is_ours:
        raise _stranger(wanted)
    if found.mark.owner != owner:
        reason = f"{wanted.path} was made for another resource, {found.mark.owner}"
        raise TemplateRefused(wanted.name, reason, "give this one another name, or remove that if nothing needs it")
    if found.powered_on:
        reason = f"{wanted.path} was turned into a machine and runs"
        raise TemplateRefused(wanted.name, reason, "switch it off and convert it to a template, or rename it")


def _finished(wanted: Wanted, found: Standing, base: Standing) -> bool:
    """Bring what an earlier run left to the template that is asked for; False when it had to be removed."""
    with explained(wanted.name, "finish what an earlier run left of it"):
        fits = found.mark is not None and found.mark.fits(wanted, base.uuid)
        if not fits or found.devices != wanted.devices:
            finish(found.reference.Destroy_Task())
            return False
        if not found.is_template:
            found.reference.MarkAsTemplate()
        if wanted.notes is not None and found.notes != wanted.notes:
            finish(found.reference.ReconfigVM_Task(vim.vm.ConfigSpec(annotation=wanted.notes)))
    return True


def _cloned(instance: VCenter, wanted: Wanted, owner: str, folder: Any, base: Standing) -> Standing:
    """Clone the base with the devices in one task, as a template. Raises `NameTaken`, or what vCenter refuses."""
    mark = Mark.of(wanted, owner, base.uuid, str(uuid.uuid4()))
    spec = _clone_spec(instance, wanted, mark)
    if "datastoreClusterId" in wanted.placement:
        spec.location.datastore = _recommended_datastore(instance, wanted, folder, base, spec)
    try:
        reference = finish(base.reference.CloneVM_Task(folder, wanted.name, spec))
    except vim.fault.DuplicateName:
        raise NameTaken from None
    return _again(instance, wanted, reference)


def _clone_spec(instance: VCenter, wanted: Wanted, mark: Mark) -> Any:
    pool = vim.ResourcePool(wanted.placement["resourcePoolId"], instance._stub)
    location = vim.vm.RelocateSpec(pool=pool)
    if "datastoreId" in wanted.placement:
        location.datastore = vim.Datastore(wanted.placement["datastoreId"], instance._stub)
    config = vim.vm.ConfigSpec(
        instanceUuid=mark.instance_uuid,
        extraConfig=[vim.option.OptionValue(key=KEY, value=mark.text())],
        deviceChange=device_additions(wanted.devices),
    )
    if wanted.notes is not None:
        config.annotation = wanted.notes
    return vim.vm.CloneSpec(location=location, config=config, powerOn=False, template=True)


def _recommended_datastore(instance: VCenter, wanted: Wanted, folder: Any, base: Standing, spec: Any) -> Any:
    """Return the datastore of a datastore cluster that vCenter recommends for the clone."""
    pod = vim.StoragePod(wanted.placement["datastoreClusterId"], instance._stub)
    placement = vim.storageDrs.StoragePlacementSpec(
        type="clone",
        folder=folder,
        vm=base.reference,
        cloneName=wanted.name,
        cloneSpec=spec,
        podSelectionSpec=vim.storageDrs.PodSelectionSpec(storagePod=pod),
    )
    manager: Any = instance.content.storageResourceManager
    recommended = sorted(manager.RecommendDatastores(placement).recommendations, key=lambda each: -each.rating)
    for action in (action for recommendation in recommended for action in recommendation.action):
        if isinstance(action, vim.storageDrs.StoragePlacementAction):
            return action.destination
    reason = f"vCenter recommends no datastore of the datastore cluster {pod._moId}"
    raise TemplateRefused(wanted.name, reason, "make room in it, and switch its Storage DRS on")


def _again(instance: VCenter, wanted: Wanted, reference: Any) -> Standing:
    """Return a template as it is now. Raises `TemplateRefused` when vCenter gave it other devices than asked for."""
    found = standing(instance, reference)
    if found is None or found.devices != wanted.devices:
        has = " and ".join(device_text(device) for device in found.devices) if found else "nothing"
        raise TemplateRefused(
            wanted.name,
            f"vCenter made it with {has or 'no devices'} instead of what was asked for",
            "look at what its hosts offer: slipway doctor",
        )
    return found
