"""What a rehearsal's vCenter has, read through the vSphere API and not from the state; runs inside the rehearsal.

`python -m rehearsal.observe REHEARSAL` prints one JSON list.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from infra.catalog import Catalog
from infra.vsphere.gpu_inventory import read_gpu_inventory
from infra.vsphere.machines import machines_in_folder
from infra.vsphere.session import Credentials, vcenter_session
from rehearsal.layout import VCENTER_USER, Layout

if TYPE_CHECKING:
    from infra.gpu.inventory import Holder


@dataclass(frozen=True)
class Observed:
    """One virtual machine: sizes in virtual CPUs and MiB; `address` is empty when the guest reports none.

    `gpus` are PCI addresses, and vGPU profiles with how many of each.
    """

    environment: str
    name: str
    uuid: str
    cpus: int
    memory_mib: int
    powered_on: bool
    address: str
    host: str
    gpus: tuple[str, ...]


def observe(name: str) -> list[Observed]:
    """Return the machines in the folders of a rehearsal's environments, by environment and name."""
    layout = Layout(name)
    password = layout.password_file.read_text(encoding="ascii")
    catalog = Catalog()
    found = []
    for environment_name in layout.environments:
        places = catalog.load(environment_name)[0].vcenter
        with vcenter_session(Credentials(places.server, VCENTER_USER, password)) as vcenter:
            inventory, _ = read_gpu_inventory(vcenter, places.server)
            holders = {
                each.name: each for host in inventory.hosts for each in host.holders if each.folder == places.folder
            }
            found += [
                Observed(
                    environment=environment_name,
                    name=machine.name,
                    uuid=machine.uuid,
                    cpus=machine.cpus,
                    memory_mib=machine.memory_mib,
                    powered_on=machine.powered_on,
                    address=machine.address or "",
                    host=machine.host or "",
                    gpus=_gpus(holders.get(machine.name)),
                )
                for machine in machines_in_folder(vcenter, places.datacenter, places.folder)
            ]
    return found


def _gpus(holder: Holder | None) -> tuple[str, ...]:
    if holder is None:
        return ()
    return (*holder.devices, *(f"{count} x {profile}" for profile, count in holder.profiles))


if __name__ == "__main__":
    print(json.dumps([asdict(machine) for machine in observe(sys.argv[1])]))
