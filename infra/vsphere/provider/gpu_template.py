"""The program's side of the provider: the resources that a Pulumi program registers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import pulumi

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class VirtualGpu:
    """A vGPU of a profile, as the hosts name it: `grid_a100-40c`."""

    profile: str

    def inputs(self) -> dict[str, str]:
        """Return the device as the provider takes it."""
        return {"kind": "vgpu", "profile": self.profile}


@dataclass(frozen=True)
class DynamicGpu:
    """A whole GPU that vCenter chooses (Dynamic DirectPath): PCI identifiers such as 10de and 2331, and a label."""

    vendor_id: str
    device_id: str
    label: str | None = None

    def inputs(self) -> dict[str, str]:
        """Return the device as the provider takes it."""
        found = {"kind": "dynamic", "vendorId": self.vendor_id, "deviceId": self.device_id}
        return found if self.label is None else {**found, "label": self.label}


@dataclass(frozen=True)
class GpuTemplateArgs:
    """What a GPU template is made from.

    `folder` and `base_template` are paths below the datacenter's folder of virtual machines, `datacenter` its name.
    At most one of `datastore_id` and `datastore_cluster_id`; without them it stands where the base stands. `notes`
    are the base's when left out.
    """

    name: pulumi.Input[str]
    folder: pulumi.Input[str]
    datacenter: pulumi.Input[str]
    base_template: pulumi.Input[str]
    resource_pool_id: pulumi.Input[str]
    devices: Sequence[VirtualGpu | DynamicGpu]
    datastore_id: pulumi.Input[str] | None = None
    datastore_cluster_id: pulumi.Input[str] | None = None
    notes: pulumi.Input[str] | None = None

    def inputs(self) -> dict[str, object]:
        """Return the arguments with the devices as the provider takes them."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**given, "devices": [device.inputs() for device in self.devices]}


class GpuTemplate(pulumi.CustomResource):
    """A clone of a base template that carries GPUs, marked as a template.

    Outputs: `uuid` (what the official virtual machine's `clone.template_uuid` takes), `moid`, `base_uuid` (the BIOS
    UUID of the base that it was cloned from), and its arguments.
    """

    uuid: pulumi.Output[str]
    moid: pulumi.Output[str]
    base_uuid: pulumi.Output[str]

    def __init__(self, name: str, args: GpuTemplateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        outputs = dict.fromkeys(("uuid", "moid", "base_uuid"))
        super().__init__("slipway:index:GpuTemplate", name, {**args.inputs(), **outputs}, opts)

    def translate_input_property(self, prop: str) -> str:
        """Return the provider's name of an argument or output."""
        return _PROVIDER_NAMES.get(prop, prop)

    def translate_output_property(self, prop: str) -> str:
        """Return Python's name of an argument or output."""
        return _PYTHON_NAMES.get(prop, prop)


_PROVIDER_NAMES = {
    "base_uuid": "baseUuid",
    "base_template": "baseTemplate",
    "resource_pool_id": "resourcePoolId",
    "datastore_id": "datastoreId",
    "datastore_cluster_id": "datastoreClusterId",
}
_PYTHON_NAMES = {name: python for python, name in _PROVIDER_NAMES.items()}
