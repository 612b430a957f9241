"""The machine room of a rehearsal: what vCenter powers on boots here, what it powers off ends.

Runs in the rehearsal's namespaces: `python -m rehearsal.machines.room NAME`.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import httpx
from pyroute2 import NetlinkError

from infra.catalog import Catalog
from infra.guest_info import USER_DATA
from infra.vsphere.session import LOST, Credentials, vcenter_session
from rehearsal.control import Control
from rehearsal.layout import VCENTER_USER, Layout
from rehearsal.machines.description import Description
from rehearsal.machines.hardware import read_hardware
from rehearsal.machines.machine import Machine
from rehearsal.machines.network import make_bridge
from rehearsal.namespace_setup import end_with_parent

if TYPE_CHECKING:
    from rehearsal.control import Machine as Reported
    from rehearsal.machines.description import Hardware

_PAUSE = 0.2


class Room:
    """The machines that run, by BIOS UUID."""

    def __init__(self, layout: Layout, server: str) -> None:
        self._folder = layout.folder / "machines"
        self._credentials = Credentials(server, VCENTER_USER, layout.password_file.read_text(encoding="ascii"))
        self._control = Control(layout.control_socket)
        self._machines: dict[str, Machine] = {}
        self._ended: set[str] = set()  # by themselves: they are not booted again until they were off
        self._log = layout.ended_log

    def look(self) -> None:
        """Bring what runs here to what vCenter says now."""
        reported = {machine.uuid: machine for machine in self._control.machines() if not machine.template}
        self._ended &= {uuid for uuid, machine in reported.items() if machine.power == "poweredOn"}
        for uuid, machine in list(self._machines.items()):
            self._look_at(machine, reported.get(uuid))
        known = self._machines.keys() | self._ended
        if wave := [found for uuid, found in reported.items() if found.power == "poweredOn" and uuid not in known]:
            self._boot(wave)

    def _look_at(self, machine: Machine, found: Reported | None) -> None:
        """End a machine that vCenter switched off, or started anew meanwhile; look after the cable of another one."""
        uuid = machine.described.uuid
        if found is None or found.power != "poweredOn" or found.bootTime != machine.boot_time:
            machine.power_off()
            del self._machines[uuid]
            if found is None:
                machine.discard()
        elif not machine.runs():
            self.note_end(machine.described.name, machine.last_words())
            del self._machines[uuid]
            self._ended.add(uuid)
        else:
            machine.connect(connected=found.connected)
            self._pass_on(machine)

    def _pass_on(self, machine: Machine) -> None:
        """Let vCenter know what a machine tells."""
        told = machine.new_words()
        if not told:
            return
        try:
            self._control.set_guest_info(machine.described.uuid, told)
        except httpx.HTTPStatusError:
            return  # it went away meanwhile
        machine.heard(told)

    def _boot(self, wave: list[Reported]) -> None:
        """Boot machines that were powered on, but for strangers': nobody knows what these do."""
        told = {found.uuid: self._guest_info(found.uuid) for found in wave}
        own = [found for found in wave if USER_DATA in told[found.uuid]]
        hardware = self._hardware(own)
        for found in own:
            if found.uuid in hardware:
                self._start(Description(found.uuid, found.name, hardware[found.uuid], told[found.uuid]), found.bootTime)

    def _guest_info(self, uuid: str) -> dict[str, str]:
        try:
            return self._control.guest_info(uuid)
        except httpx.HTTPStatusError:
            return {}  # it went away meanwhile

    def _hardware(self, machines: list[Reported]) -> dict[str, Hardware]:
        """Return the hardware of machines, of one that vCenter does not tell now at the next look."""
        if not machines:
            return {}
        try:
            with vcenter_session(self._credentials) as vcenter:
                return read_hardware(vcenter, [found.uuid for found in machines])
        except LOST as error:
            print(f"vCenter did not tell the machines' hardware ({error}); asked again", file=sys.stderr, flush=True)
            return {}

    def _start(self, described: Description, boot_time: str) -> None:
        try:
            self._machines[described.uuid] = Machine(self._folder, described, boot_time)
        except (RuntimeError, OSError, NetlinkError) as error:
            self.note_end(described.name, f"it did not start: {error}")
            self._ended.add(described.uuid)

    def note_end(self, name: str, why: str) -> None:
        """Note that a machine, or all of them, ended unasked: something is wrong with what is played."""
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"{name}: ended by itself: {why}\n")

    def power_off_all(self) -> None:
        """End every machine."""
        for machine in self._machines.values():
            machine.power_off()


def main(name: str) -> None:
    """Look at vCenter again and again."""
    end_with_parent()
    layout = Layout(name)
    catalog = Catalog(layout.root)
    documents = [catalog.load(environment)[0] for environment in layout.environments]
    make_bridge({document.network.cidr: document.network.gateway for document in documents})
    os.environ["SSL_CERT_FILE"] = layout.variables()["SSL_CERT_FILE"]  # where vCenter's authority is
    print("ready", flush=True)
    room = Room(layout, documents[0].vcenter.server)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while True:
            try:
                room.look()
            except httpx.TimeoutException:
                print("vCenter's control endpoint was slow; asked again", file=sys.stderr, flush=True)
            time.sleep(_PAUSE)
    except httpx.NetworkError:
        print("the simulated vCenter has ended, so all machines are switched off", file=sys.stderr, flush=True)
    except Exception as error:
        room.note_end("machine room", f"{type(error).__name__}: {error}; see {layout.log_file.name}")
        raise
    finally:
        room.power_off_all()


if __name__ == "__main__":
    main(sys.argv[1])
