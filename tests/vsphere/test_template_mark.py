"""The mark of a GPU template, its devices as vCenter has them, and values on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.provider.experimental.property_value import PropertyValue
from pyVmomi import vim as untyped

from infra.vsphere.provider.faults import said
from infra.vsphere.provider.kinds import Login
from infra.vsphere.provider.template_devices import device_additions, devices_of
from infra.vsphere.provider.template_inputs import Wanted
from infra.vsphere.provider.template_mark import Mark
from infra.vsphere.provider.values import UNKNOWN, plain, wired

vim: Any = untyped  # pyvmomi has no types
VGPU = {"kind": "vgpu", "profile": "grid_a100-40c"}
DYNAMIC = {"kind": "dynamic", "vendorId": "10de", "deviceId": "2331", "label": "ml"}
WANTED = Wanted("gpu", "slipway-dev", "dc-01", "ubuntu", [VGPU], {"resourcePoolId": "resgroup-1"}, None)
MARK = Mark.of(WANTED, "urn:a", "4210", "5010")


def test_mark_is_read_as_it_was_written() -> None:
    assert Mark.parsed(MARK.text()) == MARK


@pytest.mark.parametrize("text", ["", "gpu", "[]", "{}", '{"instanceUuid": "a"}', "1"])
def test_other_texts_are_no_marks(text: str) -> None:
    assert Mark.parsed(text) is None


@pytest.mark.parametrize(
    ("wanted", "base_uuid", "fits"),
    [
        (WANTED, "4210", True),
        (WANTED, "4211", False),
        (Wanted("other", "other", "dc-01", "ubuntu", [VGPU], {"resourcePoolId": "resgroup-1"}, "notes"), "4210", True),
        (Wanted("gpu", "slipway-dev", "dc-01", "other", [VGPU], {"resourcePoolId": "resgroup-1"}, None), "4210", False),
        (Wanted("gpu", "slipway-dev", "dc-01", "ubuntu", [], {"resourcePoolId": "resgroup-1"}, None), "4210", False),
        (Wanted("gpu", "slipway-dev", "dc-01", "ubuntu", [VGPU], {}, None), "4210", False),
    ],
    ids=["same", "base built anew", "other name", "other base", "other devices", "other place"],
)
def test_what_a_mark_fits(wanted: Wanted, base_uuid: str, fits: bool) -> None:  # noqa: FBT001 - a table's column
    assert MARK.fits(wanted, base_uuid) == fits


def test_devices_are_read_as_they_were_added() -> None:
    devices = [VGPU, DYNAMIC, {"kind": "dynamic", "vendorId": "10de", "deviceId": "26b9"}]
    additions = device_additions(devices)
    assert [change.device.key for change in additions] == [-200, -201, -202]
    assert {str(change.operation) for change in additions} == {"add"}
    for key, change in enumerate(additions, start=13000):
        change.device.key = key
    assert devices_of([vim.vm.device.VirtualDisk(key=2000), *(change.device for change in additions)]) == devices


def test_device_of_one_host_is_read_too() -> None:
    passthrough = vim.vm.device.VirtualPCIPassthrough
    backing = passthrough.DeviceBackingInfo(deviceName="", id="0000:5e:00.0", systemId="a", deviceId="", vendorId=4318)
    assert devices_of([passthrough(key=13000, backing=backing)]) == [{"kind": "static", "address": "0000:5e:00.0"}]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (vim.fault.NoDiskSpace(msg="no\n  room"), "no room (NoDiskSpace)"),
        (vim.fault.NoDiskSpace(), "NoDiskSpace"),
        (vim.fault.NoDiskSpace(msg="NoDiskSpace"), "NoDiskSpace"),
    ],
)
def test_fault_in_one_line(fault: Any, text: str) -> None:
    assert said(fault) == text


def test_values_on_the_wire() -> None:
    values = {"text": "a", "whole": 2, "part": 0.5, "yes": True, "list": ["a", {"b": 1}], "unknown": UNKNOWN}
    assert plain(wired({**values, "none": None})) == values
    assert plain({"password": PropertyValue("a", is_secret=True), "none": PropertyValue.null()}) == {"password": "a"}
    assert wired(values)["unknown"].value == UNKNOWN


def test_password_is_in_no_text_of_a_login() -> None:
    assert "hunter2" not in repr(Login("vcenter", "user", "hunter2"))
