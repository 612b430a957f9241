"""What a rehearsal's vCenter has, read through the vSphere API and not from the state; runs inside the rehearsal.

`python -m rehearsal.observe REHEARSAL` prints one JSON list.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

from infra.catalog import Catalog
from infra.vsphere.machines import machines_in_folder
from infra.vsphere.session import Credentials, vcenter_session
from rehearsal.layout import VCENTER_USER, Layout


@dataclass(frozen=True)
class Observed:
    """One virtual machine: sizes in virtual CPUs and MiB; `address` is empty when the guest reports none."""

    environment: str
    name: str
    uuid: str
    cpus: int
    memory_mib: int
    powered_on: bool
    address: str
    host: str


def observe(name: str) -> list[Observed]:
    """Return the machines in the folders of a rehearsal's environments, by environment and name."""
    layout = Layout(name)
    password = layout.password_file.read_text(encoding="ascii")
    catalog = Catalog()
    found = []
    for environment_name in layout.environments:
        places = catalog.load(environment_name)[0].vcenter
        with vcenter_session(Credentials(places.server, VCENTER_USER, password)) as vcenter:
            found += [
                Observed(
                    environment_name, m.name, m.uuid, m.cpus, m.memory_mib, m.powered_on, m.address or "", m.host or ""
                )
                for m in machines_in_folder(vcenter, places.datacenter, places.folder)
            ]
    return found


if __name__ == "__main__":
    print(json.dumps([asdict(machine) for machine in observe(sys.argv[1])]))
