"""GPU templates through the real engine: a program of its own in a scratch checkout."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.plugin import server_of
from tests.support.plugin_site import GPU_INVENTORY, Site, conformance_site
from tests.support.plugin_template import PATH, seen, sweep
from tests.support.plugin_vcenter import behind_the_back

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal
STACK = ["-s", "dev.compute", "--non-interactive"]
NODE = "/dc-01/vm/suite/node"
URN = "urn:pulumi:dev.compute::slipway::slipway:index:GpuTemplate::gpu"
PROGRAM = """
import json
from pathlib import Path

import pulumi
import pulumi_vsphere as vsphere

from infra.vsphere.provider.gpu_template import (
    DynamicGpu, GpuTemplate, GpuTemplateArgs, VirtualGpu,
)
from infra.vsphere.provider.registration import SlipwayProvider, VCenterLogin

asked = json.loads(Path("asked.json").read_text())
config = pulumi.Config("vsphere")
login = {"user": config.require("user"), "password": config.require_secret("password")}
slipway = SlipwayProvider("slipway", VCenterLogin(asked["server"], **login))
official = vsphere.Provider("vcenter", vsphere_server=asked["server"], allow_unverified_ssl=False, **login)
if asked["devices"]:
    template = GpuTemplate(
        "gpu",
        GpuTemplateArgs(
            devices=[VirtualGpu(each) if isinstance(each, str) else DynamicGpu(*each) for each in asked["devices"]],
            **asked["template"],
        ),
        pulumi.ResourceOptions(provider=slipway),
    )
    pulumi.export("uuid", template.uuid)
    pulumi.export("base", template.base_uuid)
    if asked["node"]:
        vsphere.VirtualMachine(
            "node",
            clone={"template_uuid": template.uuid},
            opts=pulumi.ResourceOptions(
                provider=official, ignore_changes=["clone.templateUuid"], delete_before_replace=True
            ),
            **asked["node"],
        )
"""


@pytest.fixture(scope="module")
def site(checkout: Checkout) -> Iterator[Site]:
    (checkout.root / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    with conformance_site(checkout, GPU_INVENTORY) as found:
        yield found


def ask(site: Site, devices: list[Any], *, node: bool = False, **template: Any) -> None:
    """Let the program ask for a GPU template with some arguments changed, and perhaps for a machine cloned from it."""
    place = {"folder": "suite", "resource_pool_id": site.template["resourcePoolId"]}
    base = {"name": "gpu", "datacenter": "dc-01", "base_template": "ubuntu"}
    asked = {
        "server": server_of(site.rehearsal),
        "devices": devices,
        "template": {**place, **base, "datastore_id": site.identifier("DATASTORE"), **template},
        "node": _node(site, place) if node else None,
    }
    (site.rehearsal.layout.root / "asked.json").write_text(json.dumps(asked), encoding="utf-8")


def _node(site: Site, place: dict[str, str]) -> dict[str, Any]:
    wanted = site.base
    interface = {"network_id": site.identifier("NETWORK"), "adapter_type": "vmxnet3"}
    return {
        **place,
        "name": "node",
        "datastore_id": site.identifier("DATASTORE"),
        "guest_id": wanted["guestId"],
        "firmware": "efi",
        "memory": 2048,
        "memory_reservation": 2048,
        "memory_reservation_locked_to_max": True,
        "extra_config": {"pciPassthru.use64bitMMIO": "TRUE", "pciPassthru.64bitMMIOSizeGB": "512"},
        "swap_placement_policy": "inherit",
        "wait_for_guest_net_timeout": 0,
        "disks": [{"label": "disk0", "size": 20}],
        "network_interfaces": [interface],
    }


def pulumi(site: Site, *arguments: str) -> str:
    """Run the engine to a good end and return what it says."""
    done = site.rehearsal.run(["pulumi", *arguments, *STACK])
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def up(site: Site, *arguments: str) -> str:
    return pulumi(site, "up", "--yes", "--skip-preview", *arguments)


def steps(site: Site, *arguments: str) -> dict[str, str]:
    """Return what a preview would do, by name of the resource."""
    document = json.loads(pulumi(site, "preview", "--json", *arguments))
    found = {step["urn"].rpartition("::")[2]: step["op"] for step in document["steps"]}
    return {name: op for name, op in found.items() if name in ("gpu", "node", "slipway") and op != "same"}


@pytest.fixture(autouse=True)
def _nothing_left(site: Site) -> Iterator[None]:
    yield
    ask(site, [])
    up(site)
    sweep(site)


def test_life_of_a_template(site: Site) -> None:
    ask(site, ["grid_a100-40c"])
    assert steps(site) == {"slipway": "create", "gpu": "create"}
    assert seen(site) is None
    up(site)
    there = seen(site)
    outputs = json.loads(pulumi(site, "stack", "output", "--json"))
    assert outputs == {"uuid": there["uuid"], "base": site.identifier("TEMPLATE")}
    pulumi(site, "preview", "--expect-no-changes")
    pulumi(site, "refresh", "--preview-only", "--expect-no-changes")

    behind_the_back(site.rehearsal, "take_devices", PATH)
    pulumi(site, "refresh", "--yes")
    assert steps(site) == {"gpu": "replace"}
    up(site)
    assert seen(site)["devices"] == there["devices"]
    assert seen(site)["uuid"] != there["uuid"]

    ask(site, ["grid_a100-40c"], notes="noted")
    assert steps(site) == {"gpu": "update"}
    up(site)
    assert seen(site)["notes"] == "noted"

    ask(site, [])
    up(site)
    assert seen(site) is None


def test_new_template_leaves_the_machines_of_the_old_one_alone(site: Site) -> None:
    """Were the old one deleted first, the engine would delete every machine that was cloned from it, at once."""
    behind_the_back(site.rehearsal, "clone", "/dc-01/vm/ubuntu", "/dc-01/vm/suite", "base", "template")
    ask(site, ["grid_a100-40c"], node=True, base_template="suite/base")
    up(site)
    first, node = seen(site), seen(site, NODE)
    assert node["devices"] == [{"kind": "vgpu", "profile": "grid_a100-40c"}]
    pulumi(site, "preview", "--expect-no-changes")

    ask(site, [["10de", "2331", "ml"]], node=True, base_template="suite/base", name="gpu-other")
    assert steps(site) == {"gpu": "replace"}
    up(site)
    assert seen(site) is None
    other = seen(site, "/dc-01/vm/suite/gpu-other")
    assert other["devices"] == [{"kind": "dynamic", "vendorId": "10de", "deviceId": "2331", "label": "ml"}]

    ask(site, ["grid_a100-40c"], node=True, base_template="suite/base", name="gpu-other")
    assert steps(site) == {"gpu": "replace"}  # under its own name
    up(site)
    same_name = seen(site, "/dc-01/vm/suite/gpu-other")
    assert (same_name["devices"], same_name["uuid"] == other["uuid"]) == (first["devices"], False)

    up(site, "--replace", URN)  # nothing differs, so it stays
    assert seen(site, "/dc-01/vm/suite/gpu-other") == same_name
    behind_the_back(site.rehearsal, "destroy", "/dc-01/vm/suite/base")
    behind_the_back(site.rehearsal, "clone", "/dc-01/vm/ubuntu", "/dc-01/vm/suite", "base", "template")
    assert "was built anew since it was cloned" in pulumi(site, "preview", "--expect-no-changes")
    up(site, "--replace", URN)
    assert seen(site, "/dc-01/vm/suite/gpu-other")["uuid"] != same_name["uuid"]
    assert "was built anew" not in pulumi(site, "preview", "--expect-no-changes")
    assert seen(site, NODE) == node


def test_refusal_is_one_line_and_the_password_stands_nowhere(site: Site) -> None:
    ask(site, ["grid_a100-40c"], base_template="nowhere")
    done = site.rehearsal.run(["pulumi", "preview", *STACK])
    assert done.returncode != 0
    said = done.stdout + done.stderr
    expected = (
        "error: Preview failed: GPU template gpu: there is no template /dc-01/vm/nowhere; "
        "build it as docs/machine-template.md says, or mend the path"
    )
    assert expected in [line.strip() for line in said.splitlines()]
    assert "Traceback" not in said
    ask(site, ["grid_a100-40c"])
    up(site)
    password = site.rehearsal.layout.password_file.read_text(encoding="ascii")
    assert password not in pulumi(site, "stack", "export")


def test_inputs_are_refused_by_their_path(site: Site) -> None:
    ask(site, [["10de", "H100"]])
    done = site.rehearsal.run(["pulumi", "preview", *STACK])
    assert done.returncode != 0
    assert "devices[0].deviceId" in done.stdout + done.stderr
    assert "'H100' is not four hexadecimal digits, such as 10de" in done.stdout + done.stderr


def test_import_by_inventory_path(site: Site) -> None:
    ask(site, ["grid_a100-40c"])
    up(site)
    there = seen(site)
    pulumi(site, "state", "delete", URN, "--yes")
    provider = "slipway=urn:pulumi:dev.compute::slipway::pulumi:providers:slipway::slipway"
    names = ["slipway:index:GpuTemplate", "gpu", PATH]
    pulumi(site, "import", *names, "--provider", provider, "--yes", "--protect=false", "--generate-code=false")
    ask(site, ["grid_a100-40c"], notes=there["notes"] or None)
    pulumi(site, "preview", "--expect-no-changes")
    assert seen(site) == there
