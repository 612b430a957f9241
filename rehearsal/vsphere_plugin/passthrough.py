"""PCI passthrough devices, after PciPassthroughPostCloneOperation and PciPassthroughApplyOperation.

Those are in internal/virtualdevice/virtual_machine_device_subresource.go: devices of one host, by their addresses.
Virtual and dynamic GPUs of a template are not looked at, neither here nor when a machine is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl

from rehearsal.vsphere_plugin.connection import Refused, fault_text

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties

_Passthrough = vim.vm.device.VirtualPCIPassthrough
_Operation = vim.vm.device.VirtualDeviceSpec.Operation
_FIRST_KEY = -400  # below the keys of new disks


def passthrough_addresses(devices: list[Any]) -> list[str]:
    """Return the addresses of the passthrough devices that name one, sorted."""
    backings = [device.backing for device in devices if isinstance(device, _Passthrough)]
    return sorted(backing.id for backing in backings if isinstance(backing, _Passthrough.DeviceBackingInfo))


def passthrough_changes(connection: Connection, inputs: Properties, state: Properties, devices: list[Any]) -> list[Any]:
    """Return the changes that bring the devices of a state to those of the inputs.

    All are looked up on the inputs' host, also those that go. Raises `Refused` for an address that the host does not
    have, for a host that offers no passthrough, and for a machine that has GPUs of its template besides.
    """
    wanted, before = set(inputs.get("pciDeviceIds", [])), set(state.get("pciDeviceIds", []))
    if wanted == before:
        return []
    if not inputs.get("hostSystemId"):
        raise Refused("host_system_id must be set when using pci_device_id")
    host = connection.managed(vim.HostSystem, inputs["hostSystemId"])
    system = _system_id(connection, host)
    known = {device.id: device for device in connection.properties(host, ["hardware.pciDevice"])["hardware.pciDevice"]}
    added = [_addition(index, _of_host(known, each), system) for index, each in enumerate(sorted(wanted - before))]
    removed = [_removal(_of_host(known, address), devices) for address in sorted(before - wanted)]
    if any(_is_of_a_template(device) for device in devices):
        raise Refused(
            "the official vSphere plugin ends here with a panic: interface conversion: the machine has a virtual or "
            "dynamic GPU of its template, beside which it can't have PCI devices"
        )
    return [*added, *removed]


def _of_host(known: dict[str, Any], address: str) -> Any:
    if address not in known:
        raise Refused(f"unable to locate PCI device: {address}")
    return known[address]


def _addition(index: int, device: Any, system: str) -> Any:
    backing = _Passthrough.DeviceBackingInfo(
        deviceName="", id=device.id, systemId=system, vendorId=device.vendorId, deviceId=""
    )
    new = _Passthrough(key=_FIRST_KEY - index, backing=backing)
    return vim.vm.device.VirtualDeviceSpec(operation=_Operation.add, device=new)


def _removal(device: Any, devices: list[Any]) -> Any:
    for present in devices:
        if isinstance(present, _Passthrough) and getattr(present.backing, "id", None) == device.id:
            return vim.vm.device.VirtualDeviceSpec(operation=_Operation.remove, device=present)
    raise Refused(f"the machine has no PCI device {device.id} to remove")


def _is_of_a_template(device: Any) -> bool:
    return isinstance(device, _Passthrough) and not isinstance(device.backing, _Passthrough.DeviceBackingInfo)


def _system_id(connection: Connection, host: Any) -> str:
    """Return what passthrough devices of a host are to be addressed with."""
    try:
        cluster = connection.properties(host, ["parent"])["parent"]
        browser = connection.properties(cluster, ["environmentBrowser"])["environmentBrowser"]
        offered = browser.QueryConfigTarget(host)
    except (vim.fault.VimFault, vmodl.RuntimeFault) as fault:
        raise Refused(fault_text(fault)) from None
    for device in (offered.pciPassthrough if offered else None) or []:
        return str(device.systemId)
    raise Refused("could not find SystemId")
