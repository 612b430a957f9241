"""What a GPU template is asked to be: refusals, one form, differences."""

from __future__ import annotations

from typing import Any

import pytest

from infra.vsphere.provider.gpu_template import DynamicGpu, GpuTemplateArgs, VirtualGpu
from infra.vsphere.provider.kinds import Change
from infra.vsphere.provider.schema import schema
from infra.vsphere.provider.template_inputs import INPUTS, Wanted, changes, device_text, normalized, problems
from infra.vsphere.provider.values import UNKNOWN

VGPU = {"kind": "vgpu", "profile": "grid_a100-40c"}
DYNAMIC = {"kind": "dynamic", "vendorId": "10de", "deviceId": "2331", "label": "ml"}


def inputs(**changed: Any) -> dict[str, Any]:
    wanted = {
        "name": "gpu",
        "folder": "slipway-dev",
        "datacenter": "dc-01",
        "baseTemplate": "templates/ubuntu",
        "resourcePoolId": "resgroup-1",
        "devices": [VGPU, DYNAMIC],
        **changed,
    }
    return {name: value for name, value in wanted.items() if value is not None}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, {}),
        ({"folder": ""}, {}),
        ({"resourcePoolId": UNKNOWN, "devices": UNKNOWN}, {}),
        ({"devices": [{"kind": "vgpu", "profile": UNKNOWN}]}, {}),
        ({"name": None}, {"name": "is missing"}),
        ({"name": ""}, {"name": "is empty"}),
        ({"name": "a/b"}, {"name": r"'a/b' has more than 80 characters, or one of / \ % in it"}),
        ({"notes": 1}, {"notes": "1 is not a text"}),
        ({"size": 1}, {"size": "there is no such property"}),
        (
            {"datastoreId": "a", "datastoreClusterId": "b"},
            {
                "datastoreClusterId": "stands beside datastoreId; give one of them, or none for the base's datastore",
            },
        ),
        ({"devices": {}}, {"devices": "is not a list"}),
        ({"devices": []}, {"devices": "has 0 devices; a virtual machine takes 1 to 16"}),
        ({"devices": [VGPU] * 17}, {"devices": "has 17 devices; a virtual machine takes 1 to 16"}),
        ({"devices": ["a100"]}, {"devices[0]": "is not an object"}),
        ({"devices": [VGPU, {"kind": "mig"}]}, {"devices[1].kind": "'mig' is none of vgpu, dynamic"}),
        ({"devices": [{"kind": "vgpu"}]}, {"devices[0].profile": "is missing"}),
        ({"devices": [{**VGPU, "label": "a"}]}, {"devices[0].label": "there is no such property"}),
        (
            {"devices": [{**DYNAMIC, "deviceId": "H100"}]},
            {"devices[0].deviceId": "'H100' is not four hexadecimal digits, such as 10de"},
        ),
    ],
)
def test_problems(changed: dict[str, Any], expected: dict[str, str]) -> None:
    assert problems(inputs(**changed)) == expected


def test_one_form() -> None:
    given = inputs(folder="/slipway-dev/", baseTemplate="/templates/ubuntu", devices=[{**DYNAMIC, "vendorId": "10DE"}])
    assert normalized(given) == inputs(devices=[DYNAMIC])
    unknown = inputs(folder=UNKNOWN, devices=[{"kind": "vgpu", "profile": UNKNOWN}])
    assert normalized(unknown) == unknown


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {}, []),
        ({"notes": "the base's"}, {}, []),
        ({"notes": "old"}, {"notes": "new"}, [Change("notes", "update")]),
        ({}, {"name": "other"}, [Change("name", "update")]),
        ({}, {"folder": "other"}, [Change("folder", "update")]),
        ({}, {"datacenter": "dc-02"}, [Change("datacenter", "update", replaces=True)]),
        ({}, {"baseTemplate": "other"}, [Change("baseTemplate", "update", replaces=True)]),
        ({}, {"resourcePoolId": UNKNOWN}, [Change("resourcePoolId", "update", replaces=True)]),
        ({}, {"datastoreId": "datastore-1"}, [Change("datastoreId", "add", replaces=True)]),
        ({"datastoreId": "datastore-1"}, {}, [Change("datastoreId", "delete", replaces=True)]),
        (
            {},
            {"devices": [{**VGPU, "profile": "grid_a100-20c"}, DYNAMIC]},
            [Change("devices[0].profile", "update", replaces=True)],
        ),
        ({}, {"devices": [VGPU]}, [Change("devices[1]", "delete", replaces=True)]),
        ({}, {"devices": [VGPU, DYNAMIC, VGPU]}, [Change("devices[2]", "add", replaces=True)]),
        (
            {},
            {"devices": [VGPU, {**DYNAMIC, "label": "other"}]},
            [Change("devices[1].label", "update", replaces=True)],
        ),
    ],
)
def test_changes(old: dict[str, Any], new: dict[str, Any], expected: list[Change]) -> None:
    state = {**inputs(**old), "uuid": "4210", "moid": "vm-1", "baseUuid": "4211"}
    assert changes(state, inputs(**new)) == expected


def test_paths() -> None:
    wanted = Wanted.from_inputs(inputs())
    assert wanted.path == "/dc-01/vm/slipway-dev/gpu"
    assert wanted.base_path == "/dc-01/vm/templates/ubuntu"
    assert Wanted.from_inputs(inputs(folder="")).path == "/dc-01/vm/gpu"


@pytest.mark.parametrize(
    ("device", "text"),
    [
        (VGPU, "vGPU grid_a100-40c"),
        (DYNAMIC, "PCI device 10de:2331 labelled ml"),
        ({"kind": "static", "address": "0000:5e:00.0"}, "PCI device 0000:5e:00.0 of one host"),
    ],
)
def test_device_in_words(device: dict[str, str], text: str) -> None:
    assert device_text(device) == text


def test_the_program_s_class_speaks_of_the_same_properties() -> None:
    args = GpuTemplateArgs(
        name="gpu",
        folder="slipway-dev",
        datacenter="dc-01",
        base_template="templates/ubuntu",
        resource_pool_id="resgroup-1",
        devices=[VirtualGpu("grid_a100-40c"), DynamicGpu("10de", "2331", "ml"), DynamicGpu("10de", "2331")],
    )
    given = args.inputs()
    assert given["devices"] == [VGPU, DYNAMIC, {"kind": "dynamic", "vendorId": "10de", "deviceId": "2331"}]
    words = [name.split("_") for name in given]
    assert {first + "".join(map(str.capitalize, rest)) for first, *rest in words} == set(INPUTS)


def test_schema_is_one_document_with_the_password_as_a_secret() -> None:
    import json  # noqa: PLC0415 - used here alone

    document = json.loads(schema())
    assert document["provider"]["inputProperties"]["password"]["secret"] is True
    resource = document["resources"]["slipway:index:GpuTemplate"]
    assert set(resource["properties"]) == {*INPUTS, "uuid", "moid", "baseUuid"}
