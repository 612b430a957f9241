"""How the vSphere plugin knows the devices of a machine again: what its state needs before the machine is adopted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim

if TYPE_CHECKING:
    from infra.vsphere.machines import FoundMachine

Properties = dict[str, Any]

_PREFIXES = {
    vim.vm.device.VirtualSCSIController: "scsi",
    vim.vm.device.VirtualPCIController: "pci",
}


def adopted_outputs(machine: FoundMachine, inputs: Properties) -> Properties:
    """Return the outputs to record for a machine that was made from `inputs` and whose record was lost.

    The plugin finds disks and network interfaces by key and address (terraform-provider-vsphere,
    internal/virtualdevice); without them it takes a machine's own disk for a stranger and replaces it.
    """
    devices = list(machine.reference.config.hardware.device)
    controllers = {device.key: device for device in devices}
    disks = [_disk(device, controllers) for device in _sorted(devices, vim.vm.device.VirtualDisk)]
    cards = [_card(device, controllers) for device in _sorted(devices, vim.vm.device.VirtualEthernetCard)]
    return {
        **inputs,
        "uuid": machine.uuid,
        "moid": machine.reference._moId,
        "disks": _merged(inputs.get("disks", []), disks),
        "networkInterfaces": _merged(inputs.get("networkInterfaces", []), cards),
    }


def _sorted(devices: list[Any], kind: type) -> list[Any]:
    return sorted((device for device in devices if isinstance(device, kind)), key=lambda device: device.key)


def _disk(disk: Any, controllers: dict[int, Any]) -> Properties:
    return {"key": disk.key, "deviceAddress": _address(disk, controllers), "uuid": disk.backing.uuid}


def _card(card: Any, controllers: dict[int, Any]) -> Properties:
    return {"key": card.key, "deviceAddress": _address(card, controllers), "macAddress": card.macAddress}


def _address(device: Any, controllers: dict[int, Any]) -> str:
    """Return `<bus kind>:<bus number>:<unit number>`."""
    controller = controllers[device.controllerKey]
    prefix = next(prefix for kind, prefix in _PREFIXES.items() if isinstance(controller, kind))
    return f"{prefix}:{controller.busNumber}:{device.unitNumber}"


def _merged(wanted: list[Properties], found: list[Properties]) -> list[Properties]:
    return [{**entry, **identity} for entry, identity in zip(wanted, found, strict=True)]
