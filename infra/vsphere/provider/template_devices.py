"""GPUs of a template as vCenter has them, and as the inputs name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim

if TYPE_CHECKING:
    from infra.vsphere.provider.values import Properties

_Passthrough = vim.vm.device.VirtualPCIPassthrough
_FIRST_KEY = -200  # a new device has a negative key that no other device of the same request has


def device_additions(devices: list[Properties]) -> list[Any]:
    """Return the changes that add devices to a machine, in their order."""
    operation = vim.vm.device.VirtualDeviceSpec.Operation.add
    return [
        vim.vm.device.VirtualDeviceSpec(
            operation=operation, device=_Passthrough(key=_FIRST_KEY - index, backing=_backing(device))
        )
        for index, device in enumerate(devices)
    ]


def devices_of(hardware: list[Any]) -> list[Properties]:
    """Return the PCI passthrough devices among a machine's devices as the inputs would name them, by their keys."""
    found = [device for device in hardware if isinstance(device, _Passthrough)]
    return [_named(device.backing) for device in sorted(found, key=lambda device: device.key)]


def _backing(device: Properties) -> Any:
    if device["kind"] == "vgpu":
        return _Passthrough.VmiopBackingInfo(vgpu=device["profile"])
    allowed = _Passthrough.AllowedDevice(vendorId=int(device["vendorId"], 16), deviceId=int(device["deviceId"], 16))
    backing = _Passthrough.DynamicBackingInfo(deviceName="", allowedDevice=[allowed])
    if "label" in device:
        backing.customLabel = device["label"]
    return backing


def _named(backing: Any) -> Properties:
    if isinstance(backing, _Passthrough.VmiopBackingInfo):
        return {"kind": "vgpu", "profile": backing.vgpu}
    if isinstance(backing, _Passthrough.DynamicBackingInfo):
        allowed = backing.allowedDevice[0] if backing.allowedDevice else None
        named = {
            "kind": "dynamic",
            "vendorId": f"{allowed.vendorId & 0xFFFF:04x}" if allowed else "",
            "deviceId": f"{allowed.deviceId & 0xFFFF:04x}" if allowed else "",
        }
        return named | ({"label": backing.customLabel} if backing.customLabel else {})
    return {"kind": "static", "address": getattr(backing, "id", "")}
