"""Starting and stopping of virtual machines, as the official plugin does both."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from rehearsal.vsphere_plugin.connection import Refused

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.connection import Connection
    from rehearsal.vsphere_plugin.values import Properties


def power_on(connection: Connection, machine: Any) -> None:
    """Start a machine that is off. Raises `Refused` with the official plugin's words."""
    if machine.runtime.powerState != vim.VirtualMachine.PowerState.poweredOn:
        try:
            connection.wait(machine.PowerOnVM_Task(None))
        except Refused as refused:
            raise Refused(f"error powering on virtual machine: powerOn: {refused}") from None


def power_off(connection: Connection, machine: Any, settings: Properties) -> None:
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
