"""Virtual machine, after vsphere/resource_vsphere_virtual_machine.go: the same steps, the same leftovers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from rehearsal.vsphere_plugin.connection import Refused, fault_text
from rehearsal.vsphere_plugin.differences import differences
from rehearsal.vsphere_plugin.machine_read import read_machine
from rehearsal.vsphere_plugin.machine_spec import clone_spec, config_spec, device_changes
from rehearsal.vsphere_plugin.places import folder_at, location
from rehearsal.vsphere_plugin.resource import Found, HalfMade, ResourceKind
from rehearsal.vsphere_plugin.tags import attach_tags

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties

_CONFIGURATION = {
    "name", "annotation", "numCpus", "memory", "guestId", "firmware", "swapPlacementPolicy", "enableDiskUuid",
    "eptRviMode", "hvMode", "syncTimeWithHost", "extraConfig",
}  # fmt: skip
_DEVICES = {"disks", "networkInterfaces"}


class VirtualMachine(ResourceKind):
    """A virtual machine that is cloned from a template."""

    token = "vsphere:index/virtualMachine:VirtualMachine"

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
            raise Refused(f"error reconfiguring virtual machine: {_text(error)}") from None
        try:
            self._power_on(connection, machine)
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
        changed = differences(self.token, state, inputs)
        names = {difference.path.partition(".")[0].partition("[")[0] for difference in changed}
        known = {**state, **inputs, "imported": False}
        try:
            self._move(connection, machine, names, inputs)
            if "tags" in names:
                attach_tags(connection, "VirtualMachine", machine._moId, inputs.get("tags", []))
            if names & (_CONFIGURATION | _DEVICES | {"hardwareVersion"}):
                restart = any(difference.restarts for difference in changed)
                self._reconfigure(connection, machine, names, inputs, restart=restart)
        except (Refused, vim.fault.VimFault) as error:
            raise HalfMade(self._found(connection, machine, {**state, "imported": False}), _text(error)) from None
        return self._found(connection, machine, known)

    def delete(self, connection: Connection, identifier: str, state: Properties) -> None:
        """Shut it down and destroy it; like the official plugin, one that is gone already is an error."""
        machine = machine_by_uuid(connection, identifier)
        if machine is None:
            raise _gone(identifier)
        self._power_off(connection, machine, state)
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
        template = machine_by_uuid(connection, inputs["clone"]["templateUuid"])
        if template is None:
            raise Refused(f"cannot locate virtual machine or template with UUID {inputs['clone']['templateUuid']!r}")
        pool = connection.managed(vim.ResourcePool, inputs["resourcePoolId"])
        datacenter, _ = location(connection, pool)
        folder = folder_at(connection, datacenter, inputs.get("folder", ""))
        try:
            return connection.wait(template.CloneVM_Task(folder, inputs["name"], clone_spec(connection, inputs)))
        except Refused as refused:
            raise Refused(f"error cloning virtual machine: {refused}") from None

    def _configure(self, connection: Connection, machine: Any, inputs: Properties) -> None:
        spec = config_spec(inputs, _CONFIGURATION)
        spec.deviceChange = device_changes(connection, inputs, machine.config.hardware.device)
        connection.wait(machine.ReconfigVM_Task(spec))
        self._upgrade(connection, machine, inputs)

    def _reconfigure(
        self,
        connection: Connection,
        machine: Any,
        names: set[str],
        inputs: Properties,
        *,
        restart: bool,
    ) -> None:
        if restart:
            self._power_off(connection, machine, inputs)
        spec = config_spec(inputs, names & _CONFIGURATION)
        if names & _DEVICES:
            spec.deviceChange = device_changes(connection, inputs, machine.config.hardware.device)
        connection.wait(machine.ReconfigVM_Task(spec))
        self._upgrade(connection, machine, inputs)
        self._power_on(connection, machine)

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
        if "datastoreId" in names:
            datastore = connection.managed(vim.Datastore, inputs["datastoreId"])
            connection.wait(machine.RelocateVM_Task(vim.vm.RelocateSpec(datastore=datastore)))

    def _power_on(self, connection: Connection, machine: Any) -> None:
        if machine.runtime.powerState != vim.VirtualMachine.PowerState.poweredOn:
            try:
                connection.wait(machine.PowerOnVM_Task(None))
            except Refused as refused:
                raise Refused(f"error powering on virtual machine: powerOn: {refused}") from None

    def _power_off(self, connection: Connection, machine: Any, settings: Properties) -> None:
        """Ask the guest to shut down, and after the time-out (minutes) switch the machine off."""
        on = vim.VirtualMachine.PowerState.poweredOn
        if machine.runtime.powerState != on:
            return
        if machine.guest.toolsRunningStatus == "guestToolsRunning":
            machine.ShutdownGuest()
            deadline = time.monotonic() + 60 * settings.get("shutdownWaitTimeout", 3)
            while machine.runtime.powerState == on and time.monotonic() < deadline:
                time.sleep(0.05)
        if machine.runtime.powerState == on:
            connection.wait(machine.PowerOffVM_Task())

    def _found(self, connection: Connection, machine: Any, known: Properties) -> Found:
        properties = read_machine(connection, machine, known)
        return Found(properties["uuid"], properties)


def machine_by_uuid(connection: Connection, uuid: str) -> Any:
    """Return the machine or template with a BIOS UUID, or None."""
    return connection.content.searchIndex.FindByUuid(None, uuid, True, False)  # noqa: FBT003 - pyvmomi's signature


def _half_made(machine: Any, inputs: Properties) -> Found:
    """Return what the official plugin records of a machine that did not start: it has no tags yet.

    The next update attaches them, and leaves the machine off.
    """
    known = {name: value for name, value in inputs.items() if name != "tags" and not name.startswith("__")}
    uuid = machine.config.uuid
    return Found(uuid, {**known, "uuid": uuid, "moid": machine._moId, "powerState": "off", "rebootRequired": True})


def _gone(uuid: str) -> Refused:
    found = f'virtual machine with UUID "{uuid}"'
    return Refused(f"cannot locate {found}: {found} not found")


def _text(error: Exception) -> str:
    return str(error) if isinstance(error, Refused) else fault_text(error)
