"""Virtual disks: which input stands for which device, what vCenter is told, what is read; asks vCenter nothing.

After internal/virtualdevice/virtual_machine_disk_subresource.go: a machine's disks are known by their labels, a
template's by their place on the bus. There is one SCSI controller.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from rehearsal.vsphere_plugin.connection import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.vsphere_plugin.values import Properties

KIB_PER_GIB = 1024 * 1024
UNITS = 15  # of a SCSI controller, without the one that the controller itself takes
_ORPHANED = "orphaned_disk_"
_CONTROLLERS_OWN_UNIT = 7
_FIRST_NEW_KEY = -200
_Change = vim.vm.device.VirtualDeviceSpec


@dataclass(frozen=True)
class Pairing:
    """Which input is which device: `pairs` has None for a disk to make, `removed` whether a file is to be kept."""

    pairs: list[tuple[Properties, Any]]
    removed: list[tuple[Any, bool]] = field(default_factory=list)


def disks_of(devices: list[Any]) -> list[Any]:
    """Return the disks of a device list by their place on the bus."""
    found = [device for device in devices if isinstance(device, vim.vm.device.VirtualDisk)]
    return sorted(found, key=lambda disk: (disk.controllerKey, disk.unitNumber))


def unit_number(disk: Any, devices: list[Any]) -> int:
    """Return the place of a disk as the inputs number it: the controller's own unit is not counted."""
    own = _own_unit(_controller(devices, disk.controllerKey))
    unit: int = disk.unitNumber
    return unit - 1 if unit > own else unit


def size_gib(disk: Any) -> int:
    """Return the size of a disk, in GiB."""
    return int(disk.capacityInKB // KIB_PER_GIB)


def pair_after_clone(wanted: list[Properties], devices: list[Any]) -> Pairing:
    """Pair the disks of a fresh clone with the inputs, both in the order of the bus."""
    present = disks_of(devices)
    entries = sorted(wanted, key=lambda entry: entry.get("unitNumber", 0))
    check_template_disks(entries, present)
    return Pairing(list(zip(entries, [*present, *[None] * (len(entries) - len(present))], strict=True)))


def check_template_disks(wanted: list[Properties], present: list[Any]) -> None:
    """Raise `Refused` when a template has more or larger disks than the inputs; both are in the order of the bus."""
    if len(present) > len(wanted):
        raise Refused(
            f"not enough disks in configuration - you need at least {len(present)} to use this template "
            f"(current: {len(wanted)})"
        )
    for index, (entry, disk) in enumerate(zip(wanted, present, strict=False)):
        size = entry.get("size")
        if isinstance(size, int) and size < size_gib(disk):
            raise Refused(
                f"disk.{index}: disk name {entry['label']} must be at least the same size of source when cloning "
                f"(expected: >= {size_gib(disk)} GiB)"
            )


def pair_by_label(wanted: list[Properties], known: list[Properties], devices: list[Any]) -> Pairing:
    """Pair the disks of a machine with the inputs by the labels that its state has."""
    entries = {entry.get("label"): entry for entry in wanted}
    pairs: list[tuple[Properties, Any]] = []
    removed = []
    for disk, label, state in labelled(devices, known):
        if label in entries:
            pairs.append((entries.pop(label), disk))
        elif state is not None:
            removed.append((disk, bool(state.get("keepOnRemove"))))
    return Pairing([*pairs, *((entry, None) for entry in entries.values())], removed)


def labelled(devices: list[Any], known: list[Properties]) -> list[tuple[Any, str, Properties | None]]:
    """Return each disk with its label and what the state or inputs know of it.

    A disk that nobody asked for is an orphan, as one that the CSI driver attached.
    """
    found: list[tuple[Any, str, Properties | None]] = []
    orphans = 0
    for disk in disks_of(devices):
        unit = unit_number(disk, devices)
        entry = _entry_of(disk.backing.uuid, unit, known)
        if entry is None or str(entry.get("label", "")).startswith(_ORPHANED):
            found.append((disk, f"{_ORPHANED}{orphans}", entry))
            orphans += 1
        else:
            found.append((disk, str(entry.get("label", "")), entry))
    return found


def changes(pairing: Pairing, devices: list[Any], new_backing: Callable[[Properties], Any]) -> list[Any]:
    """Return the device changes that a pairing asks for; `new_backing` says where a new disk's file goes.

    Raises `Refused` for a unit that is taken and for a property that a disk keeps for life.
    """
    remove = _Change.Operation.remove
    gone = {disk.key for disk, _ in pairing.removed}
    found = []
    for disk, kept in pairing.removed:
        operation = None if kept else _Change.FileOperation.destroy
        found.append(_Change(operation=remove, device=disk, fileOperation=operation))
    left = [device for device in devices if device.key not in gone]
    for index, (entry, disk) in enumerate(pairing.pairs):
        try:
            if disk is None:
                made = _new(entry, left, new_backing(entry), _FIRST_NEW_KEY - index)
                found.append(made)
                left.append(made.device)
            else:
                found.extend(_edit(entry, disk, left))
        except Refused as refused:
            raise Refused(f"disk.{index}: {refused}") from None
    return found


def makes_disks(device_changes: list[Any]) -> bool:
    """Whether device changes make a new disk, which a datastore cluster has to find a place for."""
    return bool(new_disks(device_changes))


def new_disks(device_changes: list[Any]) -> list[Any]:
    """Return the disks that device changes make."""
    create = _Change.FileOperation.create
    return [change.device for change in device_changes if change.fileOperation == create]


def read_disks(devices: list[Any], known: Properties, policy_of: Callable[[Any], str]) -> list[Properties]:
    """Return the disks as properties; `known` is the machine's state or inputs, `policy_of` asks for a policy."""
    imported = "disks" not in known
    entries = labelled(devices, known.get("disks", []))
    return [
        {
            "label": f"disk{index}" if imported else label,
            "size": size_gib(disk),
            "unitNumber": unit_number(disk, devices),
            "thinProvisioned": bool(disk.backing.thinProvisioned),
            "keepOnRemove": not imported and label.startswith(_ORPHANED),
            "datastoreId": disk.backing.datastore._moId if disk.backing.datastore else None,
            "storagePolicyId": policy_of(disk),
            "uuid": disk.backing.uuid or "",
            "path": (disk.backing.fileName or "").partition("] ")[2],
            "key": disk.key,
        }
        for index, (disk, label, _) in enumerate(entries)
    ]


def _entry_of(uuid: str | None, unit: int, known: list[Properties]) -> Properties | None:
    for entry in known:
        if entry.get("uuid") and entry["uuid"] == uuid:
            return entry
    return next((e for e in known if not e.get("uuid") and e.get("unitNumber", 0) == unit), None)


def _edit(entry: Properties, disk: Any, devices: list[Any]) -> list[Any]:
    """Return the edit that brings a disk to its input, or nothing."""
    thin = bool(disk.backing.thinProvisioned)
    if entry.get("thinProvisioned", thin) != thin:
        raise Refused(
            'cannot change the value of "thin_provisioned" - '
            f"(old: {str(thin).lower()} newValue: {str(not thin).lower()})"
        )
    changed = False
    if entry["size"] > size_gib(disk):
        disk.capacityInKB = entry["size"] * KIB_PER_GIB
        disk.capacityInBytes = disk.capacityInKB * 1024
        changed = True
    if entry.get("unitNumber", 0) != unit_number(disk, devices):
        disk.unitNumber = _free_unit(entry, [device for device in devices if device is not disk])
        changed = True
    profile = _profile(entry)
    if not changed and not profile:
        return []
    return [_Change(operation=_Change.Operation.edit, device=disk, profile=profile)]


def _new(entry: Properties, devices: list[Any], backing: Any, key: int) -> Any:
    disk = vim.vm.device.VirtualDisk(
        key=key,
        controllerKey=_controller(devices).key,
        unitNumber=_free_unit(entry, devices),
        capacityInKB=entry["size"] * KIB_PER_GIB,
        capacityInBytes=entry["size"] * KIB_PER_GIB * 1024,
        backing=backing,
    )
    return _Change(
        operation=_Change.Operation.add,
        fileOperation=_Change.FileOperation.create,
        device=disk,
        profile=_profile(entry),
    )


def _free_unit(entry: Properties, devices: list[Any]) -> int:
    """Return the unit for an input on the controller's own numbering. Raises `Refused` when it is taken."""
    controller = _controller(devices)
    own = _own_unit(controller)
    wanted: int = entry.get("unitNumber", 0)
    unit = wanted + 1 if wanted >= own else wanted
    if any(device.controllerKey == controller.key and device.unitNumber == unit for device in devices):
        raise Refused(f"cannot assign disk: unit number {unit} on SCSI bus {controller.busNumber} is in use")
    return unit


def _profile(entry: Properties) -> list[Any]:
    policy = entry.get("storagePolicyId")
    return [vim.vm.DefinedProfileSpec(profileId=policy)] if policy else []


def _controller(devices: list[Any], key: int | None = None) -> Any:
    controllers = [d for d in devices if isinstance(d, vim.vm.device.VirtualSCSIController)]
    found = next((controller for controller in controllers if key in (None, controller.key)), None)
    if found is None:
        raise Refused("the vSphere plugin for rehearsals serves disks on a SCSI controller alone")
    return found


def _own_unit(controller: Any) -> int:
    unit: int | None = controller.scsiCtlrUnitNumber
    return _CONTROLLERS_OWN_UNIT if unit is None else unit
