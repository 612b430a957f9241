"""The machine room of a rehearsal: what vCenter powers on boots here, what it powers off ends.

Runs in the rehearsal's namespaces: `python -m rehearsal.machines.room NAME`.
"""

from __future__ import annotations

import signal
import sys
import time
from typing import TYPE_CHECKING

import httpx
from pyroute2 import NetlinkError

from infra.catalog import Catalog
from infra.guest_info import USER_DATA
from rehearsal.control import Control
from rehearsal.layout import Layout
from rehearsal.machines.machine import Described, Machine
from rehearsal.machines.network import make_bridge
from rehearsal.namespace_setup import end_with_parent

if TYPE_CHECKING:
    from rehearsal.control import Machine as Reported

_PAUSE = 0.2


class Room:
    """The machines that run, by BIOS UUID."""

    def __init__(self, layout: Layout) -> None:
        self._folder = layout.folder / "machines"
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
        for uuid, found in reported.items():
            if found.power == "poweredOn" and uuid not in self._machines and uuid not in self._ended:
                self._boot(found)

    def _look_at(self, machine: Machine, found: Reported | None) -> None:
        """End a machine that vCenter switched off, or started anew meanwhile; pass on what another one tells."""
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
        elif told := machine.new_words():
            try:
                self._control.set_guest_info(uuid, told)
            except httpx.HTTPStatusError:
                return  # it went away meanwhile
            machine.heard(told)

    def _boot(self, found: Reported) -> None:
        try:
            guest_info = self._control.guest_info(found.uuid)
        except httpx.HTTPStatusError:
            return  # it went away meanwhile
        if USER_DATA not in guest_info:
            return  # a stranger's: nobody knows what it does
        described = Described(found.uuid, found.name, guest_info)
        try:
            self._machines[found.uuid] = Machine(self._folder, described, found.bootTime)
        except (RuntimeError, OSError, NetlinkError) as error:
            self.note_end(found.name, f"it did not start: {error}")
            self._ended.add(found.uuid)

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
    networks = [catalog.load(environment)[0].network for environment in layout.environments]
    make_bridge({network.cidr: network.gateway for network in networks})
    print("ready", flush=True)
    room = Room(layout)
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
