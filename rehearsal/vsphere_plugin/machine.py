"""Virtual machine, after vsphere/resource_vsphere_virtual_machine.go: the same steps, the same leftovers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from rehearsal.vsphere_plugin import disks
from rehearsal.vsphere_plugin.checks import check_machine_change, check_new_machine
from rehearsal.vsphere_plugin.connection import Refused, fault_text
from rehearsal.vsphere_plugin.differences import Difference, differences
from rehearsal.vsphere_plugin.machine_read import read_machine
from rehearsal.vsphere_plugin.machine_spec import check_controller, clone_spec, config_spec, interface_changes
from rehearsal.vsphere_plugin.passthrough import passthrough_changes
from rehearsal.vsphere_plugin.places import folder_at, location
from rehearsal.vsphere_plugin.power import power_off, power_on
from rehearsal.vsphere_plugin.resource import Found, HalfMade, ResourceKind
from rehearsal.vsphere_plugin.storage import DatastoreCluster, reconfigure, relocate
from rehearsal.vsphere_plugin.tags import attach_tags
from rehearsal.vsphere_plugin.values import UNKNOWN

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties

_CONFIGURATION = {
    "name", "annotation", "numCpus", "memory", "guestId", "firmware", "swapPlacementPolicy", "enableDiskUuid",
    "eptRviMode", "hvMode", "syncTimeWithHost", "extraConfig", "storagePolicyId", "memoryReservation",
    "memoryReservationLockedToMax", "cpuReservation",
}  # fmt: skip
_DEVICES = {"disks", "networkInterfaces", "pciDeviceIds"}
_LOCATION = {"datastoreClusterId", "datastoreId", "hostSystemId"}


class _DevicesRefused(Refused):
    """PCI devices that can't be given to a clone."""


class VirtualMachine(ResourceKind):
    """A virtual machine that is cloned from a template."""

    token = "vsphere:index/virtualMachine:VirtualMachine"
    computed = ("uuid", "moid", "powerState", "defaultIpAddress", "guestIpAddresses", "datastoreId")

    def check_new(self, connection: Connection, inputs: Properties) -> None:
        """Raise `Refused` for what a preview refuses of a new machine: its disks and what its template has."""
        check_new_machine(inputs)
        uuid = inputs["clone"]["templateUuid"]
        if uuid == UNKNOWN:
            return
        config = _template(connection, uuid).config
        guest = inputs.get("guestId", "")
        if guest not in (UNKNOWN, config.guestId):
            raise Refused(f'invalid guest ID "{guest}" for clone. Please set it to "{config.guestId}"')
        wanted = sorted(inputs["disks"], key=lambda entry: entry.get("unitNumber", 0))
        disks.check_template_disks(wanted, disks.disks_of(config.hardware.device))

    def differences(self, connection: Connection, state: Properties, inputs: Properties) -> list[Difference]:
        """Return what a change of inputs does; a machine outside its datastore cluster is moved into it."""
        check_machine_change(state, inputs)
        found = differences(self.token, state, inputs)
        cluster, datastore = inputs.get("datastoreClusterId"), state.get("datastoreId")
        if cluster in (None, UNKNOWN) or datastore is None:
            return found
        if not DatastoreCluster(connection, cluster).holds(datastore):
            found.append(Difference("datastoreId", "update", replaces=False, restarts=False))
        return found

    def create(self, connection: Connection, inputs: Properties) -> Found:
        """Clone, configure, power on, tag.

        A failed clone leaves nothing of ours to record; a failed configuration is rolled back; after that, whatever
        fails leaves the machine there and recorded, as with the official plugin.
        """
        machine = self._clone(connection, inputs)
        try:
            self._configure(connection, machine, inputs)
        except (Refused, vim.fault.VimFault) as error:
            connection.wait(machine.Destroy_Task())
            step = "" if isinstance(error, _DevicesRefused) else "error reconfiguring virtual machine: "
            raise Refused(f"{step}{_text(error)}") from None
        try:
            power_on(connection, machine)
            attach_tags(connection, "VirtualMachine", machine._moId, inputs.get("tags", []))
        except Refused as error:
            raise HalfMade(_half_made(machine, inputs), str(error)) from None
        return self._found(connection, machine, inputs)

    def read(self, connection: Connection, identifier: str, state: Properties) -> Found | None:
        """Read it by BIOS UUID; an import is by inventory path."""
        if not state:
            return self._import(connection, identifier)
        machine = machine_by_uuid(connection, identifier)
        return None if machine is None else self._found(connection, machine, state)

    def update(self, connection: Connection, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Bring it to its inputs; it is shut down and started again only when a changed property needs that."""
        machine = machine_by_uuid(connection, identifier)
        if machine is None:
            raise _gone(identifier)
        changed = self.differences(connection, state, inputs)
        names = {difference.path.partition(".")[0].partition("[")[0] for difference in changed}
        known = {**inputs, "imported": False, "disks": _with_uuids(inputs.get("disks", []), state.get("disks", []))}
        so_far = {**state, "imported": False}
        try:
            self._move(connection, machine, names, inputs)
            if "tags" in names:
                attach_tags(connection, "VirtualMachine", machine._moId, inputs.get("tags", []))
            if names & (_CONFIGURATION | _DEVICES | {"hardwareVersion"}):
                spec = config_spec(inputs, names & _CONFIGURATION)
                if names & _DEVICES:
                    devices = machine.config.hardware.device
                    pairing = disks.pair_by_label(inputs.get("disks", []), state.get("disks", []), devices)
                    spec.deviceChange = [
                        *self._device_changes(connection, inputs, devices, pairing),
                        *passthrough_changes(connection, inputs, state, devices),
                    ]
                restart = any(difference.restarts for difference in changed)
                self._reconfigure(connection, machine, spec, inputs, restart=restart)
                so_far["disks"] = known["disks"]
            if names & _LOCATION:
                _relocate(connection, machine, inputs)
        except (Refused, vim.fault.VimFault) as error:
            raise HalfMade(self._found(connection, machine, so_far), _text(error)) from None
        return self._found(connection, machine, known)

    def delete(self, connection: Connection, identifier: str, state: Properties) -> None:
        """Shut it down and destroy it; like the official plugin, one that is gone already is an error."""
        machine = machine_by_uuid(connection, identifier)
        if machine is None:
            raise _gone(identifier)
        power_off(connection, machine, state)
        connection.wait(machine.Destroy_Task())

    def _import(self, connection: Connection, path: str) -> Found | None:
        """Return what stands at a path; the official plugin's bridge turns every failure of an import into nothing."""
        machine = connection.find(path)
        if not isinstance(machine, vim.VirtualMachine):
            return None
        if connection.properties(machine, ["config.template"])["config.template"]:
            return None
        return self._found(connection, machine, {"imported": True})

    def _clone(self, connection: Connection, inputs: Properties) -> Any:
        template = _template(connection, inputs["clone"]["templateUuid"])
        pool = connection.managed(vim.ResourcePool, inputs["resourcePoolId"])
        datacenter, _ = location(connection, pool)
        folder = folder_at(connection, datacenter, inputs.get("folder", ""))
        spec = clone_spec(connection, inputs)
        cluster = inputs.get("datastoreClusterId")
        try:
            if cluster:
                return DatastoreCluster(connection, cluster).clone(template, folder, inputs["name"], spec)
            return connection.wait(template.CloneVM_Task(folder, inputs["name"], spec))
        except Refused as refused:
            raise Refused(f"error cloning virtual machine: {refused}") from None

    def _configure(self, connection: Connection, machine: Any, inputs: Properties) -> None:
        spec = config_spec(inputs, _CONFIGURATION)
        devices = machine.config.hardware.device
        pairing = disks.pair_after_clone(inputs.get("disks", []), devices)
        spec.deviceChange = self._device_changes(connection, inputs, devices, pairing)
        spec.deviceChange += _passed_through(connection, inputs, devices)
        reconfigure(connection, machine, spec, inputs)
        self._upgrade(connection, machine, inputs)

    def _device_changes(
        self, connection: Connection, inputs: Properties, devices: list[Any], pairing: disks.Pairing
    ) -> list[Any]:
        """Return the changes of disks and network interfaces. Raises `Refused` for what can't be changed."""
        check_controller(inputs, devices)
        disk_changes = disks.changes(pairing, devices, lambda entry: _new_backing(connection, inputs, entry))
        return [*disk_changes, *interface_changes(connection, inputs, devices)]

    def _reconfigure(
        self, connection: Connection, machine: Any, spec: Any, inputs: Properties, *, restart: bool
    ) -> None:
        if restart:
            power_off(connection, machine, inputs)
        reconfigure(connection, machine, spec, inputs)
        self._upgrade(connection, machine, inputs)
        power_on(connection, machine)

    def _upgrade(self, connection: Connection, machine: Any, inputs: Properties) -> None:
        wanted = inputs.get("hardwareVersion")
        if wanted and int(machine.config.version.removeprefix("vmx-")) < wanted:
            connection.wait(machine.UpgradeVM_Task(f"vmx-{wanted}"))

    def _move(self, connection: Connection, machine: Any, names: set[str], inputs: Properties) -> None:
        if "resourcePoolId" in names:
            connection.managed(vim.ResourcePool, inputs["resourcePoolId"]).MoveIntoResourcePool([machine])
        if "folder" in names:
            datacenter, _ = location(connection, machine)
            connection.wait(folder_at(connection, datacenter, inputs["folder"]).MoveIntoFolder_Task([machine]))

    def _found(self, connection: Connection, machine: Any, known: Properties) -> Found:
        properties = read_machine(connection, machine, known)
        return Found(properties["uuid"], properties)


def machine_by_uuid(connection: Connection, uuid: str) -> Any:
    """Return the machine or template with a BIOS UUID, or None."""
    return connection.content.searchIndex.FindByUuid(None, uuid, True, False)  # noqa: FBT003 - pyvmomi's signature


def not_found(uuid: str) -> str:
    """Return the official plugin's words for a machine that is not there."""
    return f'virtual machine with UUID "{uuid}" not found'


def _template(connection: Connection, uuid: str) -> Any:
    template = machine_by_uuid(connection, uuid)
    if template is None:
        raise Refused(f'cannot locate virtual machine or template with UUID "{uuid}": {not_found(uuid)}')
    return template


def _passed_through(connection: Connection, inputs: Properties, devices: list[Any]) -> list[Any]:
    try:
        return passthrough_changes(connection, inputs, {}, devices)
    except Refused as refused:
        raise _DevicesRefused(f"error processing PCI passthrough device changes post-clone: {refused}") from None


def _new_backing(connection: Connection, inputs: Properties, entry: Properties) -> Any:
    """Return where the file of a new disk goes; with a datastore cluster, that is left open."""
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
        fileName="",
        diskMode="persistent",
        thinProvisioned=entry.get("thinProvisioned", True),
        eagerlyScrub=False,
        writeThrough=False,
    )
    if not inputs.get("datastoreClusterId"):
        backing.datastore = connection.managed(vim.Datastore, inputs["datastoreId"])
        backing.fileName = f"[{backing.datastore.name}]"
    return backing


def _with_uuids(wanted: list[Properties], known: list[Properties]) -> list[Properties]:
    """Return the disks of the inputs with what the state knows their files by."""
    uuids = {entry.get("label"): entry.get("uuid") for entry in known}
    return [{**entry, "uuid": uuids.get(entry["label"])} for entry in wanted]


def _relocate(connection: Connection, machine: Any, inputs: Properties) -> None:
    try:
        relocate(connection, machine, inputs)
    except Refused as refused:
        raise Refused(f"error running VM migration: {refused}") from None


def _half_made(machine: Any, inputs: Properties) -> Found:
    """Return what the official plugin records of a machine that did not start: it has no tags yet.

    The next update attaches them, and leaves the machine off.
    """
    known = {name: value for name, value in inputs.items() if name != "tags" and not name.startswith("__")}
    uuid = machine.config.uuid
    return Found(uuid, {**known, "uuid": uuid, "moid": machine._moId, "powerState": "off", "rebootRequired": True})


def _gone(uuid: str) -> Refused:
    return Refused(f'cannot locate virtual machine with UUID "{uuid}": {not_found(uuid)}')


def _text(error: Exception) -> str:
    return str(error) if isinstance(error, Refused) else fault_text(error)
