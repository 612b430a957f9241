"""A rehearsal against a vCenter that `slipway inventory` has read finds its hosts, GPUs and strangers again."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from infra.catalog import ROOT
from infra.gpu.inventory import Holder, Inventory, inventory_path, read_inventory
from infra.vsphere.gpu_inventory import read_gpu_inventory
from rehearsal.inventory import as_yaml, derived_inventory
from tests.support.environments import PROD, RELEASE
from tests.support.gpu_vcenter import vcenter

pytestmark = pytest.mark.rehearsal


def was_read() -> Inventory:
    """Return prod's inventory with a label, a host in maintenance, a pinned stranger and a machine of prod itself."""
    found = read_inventory(inventory_path(ROOT, PROD.vcenter.server), "prod")
    pinned = Holder("pinned", "other-team", powered_on=True, reserved_mib=8192, devices=("0000:af:00.0",))
    own = Holder("prod-training-1", "slipway-prod", powered_on=True, reserved_mib=8192, devices=("0000:5e:00.0",))
    hosts = []
    for host in found.hosts:
        if host.name.startswith("esx-21"):
            labelled, held, *others = host.gpus
            gpus = (replace(labelled, label="blue"), replace(held, users=("pinned",)), *others)
            hosts.append(replace(host, gpus=gpus, holders=(pinned, own)))
        else:
            hosts.append(replace(host, maintenance=host.name.startswith("esx-24")))
    return replace(found, hosts=tuple(hosts))


def test_hosts_gpus_and_strangers_are_found_again() -> None:
    read = was_read()
    described = derived_inventory([(PROD, RELEASE)], read)
    described["datacenters"][0]["name"] = "dc"
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder, vcenter(Path(folder), as_yaml(described)) as there:
        again, _ = read_gpu_inventory(there.instance, PROD.vcenter.server)
    expected = [
        replace(host, holders=tuple(each for each in host.holders if each.folder != "slipway-prod"))
        for host in read.hosts
    ]
    assert [replace(host, holders=()) for host in again.hosts] == [replace(host, holders=()) for host in expected]
    assert {host.name: host.holders for host in again.hosts} == {host.name: host.holders for host in expected}
