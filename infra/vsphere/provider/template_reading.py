"""GPU templates as a vCenter has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl

from infra.vsphere.provider.template_devices import devices_of
from infra.vsphere.provider.template_mark import KEY, Mark
from infra.vsphere.reading import read_properties

if TYPE_CHECKING:
    from infra.vsphere.provider.values import Properties
    from infra.vsphere.session import VCenter

_PATHS = [
    "name",
    "config.template",
    "config.uuid",
    "config.instanceUuid",
    "config.annotation",
    "config.extraConfig",
    "config.hardware.device",
    "runtime.powerState",
]


@dataclass(frozen=True)
class Standing:
    """A virtual machine or template that stands in a vCenter.

    `mark` is the mark that it carries, also when it inherited it; `reference` vCenter's own object.
    """

    reference: Any
    name: str
    uuid: str
    instance_uuid: str
    is_template: bool
    powered_on: bool
    notes: str
    devices: list[Properties]
    mark: Mark | None

    @property
    def is_ours(self) -> bool:
        """Whether it was made as a GPU template: a clone of one inherits the mark and is none."""
        return self.mark is not None and self.mark.instance_uuid == self.instance_uuid


def standing(instance: VCenter, reference: Any) -> Standing | None:
    """Return a machine or template as it is; None when it is gone, or still being made. One request."""
    try:
        ((_, values),) = read_properties(instance, [reference], vim.VirtualMachine, _PATHS)
    except vmodl.fault.ManagedObjectNotFound:
        return None
    if "config.uuid" not in values:
        return None
    options = {option.key: option.value for option in values.get("config.extraConfig", [])}
    return Standing(
        reference=reference,
        name=values["name"],
        uuid=values["config.uuid"],
        instance_uuid=values.get("config.instanceUuid", ""),
        is_template=values["config.template"],
        powered_on=values["runtime.powerState"] != vim.VirtualMachine.PowerState.poweredOff,
        notes=values.get("config.annotation", ""),
        devices=devices_of(values["config.hardware.device"]),
        mark=Mark.parsed(options.get(KEY, "")),
    )


def standing_with_uuid(instance: VCenter, uuid: str) -> Standing | None:
    """Return the machine or template with a BIOS UUID, or None."""
    index: Any = instance.content.searchIndex
    reference = index.FindByUuid(None, uuid, True, False)  # noqa: FBT003 - pyvmomi's signature
    return None if reference is None else standing(instance, reference)


def place_of(instance: VCenter, reference: Any) -> tuple[str, str]:
    """Return the name of the datacenter that a machine stands in, and the path of its folder below `vm`."""
    names: list[str] = []
    entity = reference
    while not isinstance(entity, vim.Datacenter):
        ((_, values),) = read_properties(instance, [entity], type(entity), ["name", "parent"])
        names.append(values["name"])
        entity = values["parent"]
    ((_, datacenter),) = read_properties(instance, [entity], vim.Datacenter, ["name"])
    below = names[1:-1]  # without the machine itself, and without the datacenter's folder of machines
    return datacenter["name"], "/".join(reversed(below))
