"""What the tests of GPU templates share: the provider, its inputs, and a look at what vCenter then has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from infra.catalog import ROOT
from rehearsal.layout import VCENTER_USER
from tests.support.plugin import GPU_TEMPLATE, Plugin, Resource, server_of
from tests.support.plugin_vcenter import behind_the_back

if TYPE_CHECKING:
    from tests.support.plugin_site import Site

EXECUTABLE = ROOT / "infra" / "vsphere" / "provider" / "bin" / "pulumi-resource-slipway"
VGPU = {"kind": "vgpu", "profile": "grid_a100-40c"}
OTHER_VGPU = {"kind": "vgpu", "profile": "grid_a100-20c"}
DYNAMIC = {"kind": "dynamic", "vendorId": "10de", "deviceId": "2331", "label": "ml"}
PATH = "/dc-01/vm/suite/gpu"
ONE_LINE = re.compile(r"GPU template [^\n]+: [^\n]+; [^\n]+")
_CHANGING = re.compile("Clone|Reconfig|Create[A-Z][a-z]+_|Destroy_|Rename|Move|Mark")


def started(site: Site, password: str | None = None) -> Plugin:
    """Start the provider, logged in to the site's vCenter."""
    found = Plugin(site.rehearsal, EXECUTABLE)
    password = password or site.rehearsal.layout.password_file.read_text(encoding="ascii")
    found.configure_with("slipway", {"server": server_of(site.rehearsal), "user": VCENTER_USER, "password": password})
    return found


def inputs(site: Site, **changes: Any) -> dict[str, Any]:
    """Return the inputs of the suite's GPU template with changes; None takes an input away."""
    wanted = {
        "name": "gpu",
        "folder": "suite",
        "datacenter": "dc-01",
        "baseTemplate": "ubuntu",
        "resourcePoolId": site.template["resourcePoolId"],
        "datastoreId": site.identifier("DATASTORE"),
        "devices": [VGPU, VGPU],
        **changes,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def made(site: Site, provider: Plugin, **changes: Any) -> Resource:
    """Create the suite's GPU template with some inputs changed."""
    return provider.create(GPU_TEMPLATE, "gpu", inputs(site, **changes))


def seen(site: Site, path: str = PATH) -> Any:
    """Return what stands at a path in vCenter."""
    return behind_the_back(site.rehearsal, "seen", path)


def changing_calls(site: Site) -> set[str]:
    """Return the calls since the last reset that change something in vCenter."""
    return {name for name in site.rehearsal.control.calls() if _CHANGING.search(name)}


def sweep(site: Site) -> None:
    """Take away whatever a test left, and every hold and fault."""
    site.rehearsal.control.release_all()
    site.rehearsal.control.clear_faults()
    for machine in site.rehearsal.control.machines():
        if machine.path.startswith(("/dc-01/vm/suite/", "/dc-01/vm/other-folder/")):
            behind_the_back(site.rehearsal, "destroy", machine.path)
