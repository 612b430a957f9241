"""Disks that a cluster has attached to its machines are no part of what is recorded of the machines."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from infra.operate.interrupted import MACHINE
from infra.operate.stray_disks import machines_with_stray_disks, without_stray_disks


def machine(name: str, *labels: str) -> dict[str, Any]:
    disks = [{"label": label, "size": 10} for label in labels]
    return {"type": MACHINE, "inputs": {"name": name, "disks": disks}, "outputs": {"disks": deepcopy(disks), "id": "1"}}


FOLDER = {"type": "vsphere:index/folder:Folder", "inputs": {"path": "dev"}, "outputs": {}}


def test_volumes_of_the_cluster_are_left_out_and_own_disks_stay() -> None:
    own, both = machine("dev-cpu-1", "disk0", "scratch"), machine("dev-cpu-2", "disk0", "orphaned_disk_0")
    deployment = {"manifest": {}, "resources": [FOLDER, own, both]}
    before = deepcopy(deployment)
    assert machines_with_stray_disks(deployment) == ["dev-cpu-2"]
    assert without_stray_disks(deployment) == {
        "manifest": {},
        "resources": [FOLDER, own, machine("dev-cpu-2", "disk0")],
    }
    assert deployment == before


def test_a_state_without_machines_has_none() -> None:
    assert machines_with_stray_disks({}) == []
    assert machines_with_stray_disks({"resources": [FOLDER, {"type": MACHINE, "inputs": {"name": "new"}}]}) == []
