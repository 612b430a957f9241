"""A node's status, from what its machine is and what other programs did on it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.machines.description import Description, Hardware, read_description
from rehearsal.machines.hardware import product_of_device, product_of_profile
from rehearsal.machines.node_status import GPU, Facts, differs, node_status

if TYPE_CHECKING:
    from pathlib import Path

NOW, LATER = "2026-11-26T10:00:00Z", "2026-11-26T11:00:00Z"
UUID = "3db37f25-a39e-4f84-bdad-c6910d2f4411"
MACHINE = Description(UUID, "gpu-1", Hardware(4, 16384, ("NVIDIA-L4", "NVIDIA-L4")), {"guestinfo.metadata": "x"})
NOTHING = Facts(address="10.20.0.40", version="v1.36.3", network=False, device_plugin=False)
ALL = replace(NOTHING, network=True, device_plugin=True)


def status_of(facts: Facts, before: dict[str, Any] | None = None, now: str = NOW) -> dict[str, Any]:
    return node_status("gpu-1", MACHINE, facts, before or {}, now)


def ready(status: dict[str, Any]) -> dict[str, Any]:
    (found,) = [each for each in status["conditions"] if each["type"] == "Ready"]
    return dict(found)


def test_a_node_without_a_network_plugin_is_not_ready() -> None:
    assert (ready(status_of(NOTHING))["status"], ready(status_of(NOTHING))["message"]) == (
        "False",
        "no network plugin yet",
    )
    assert ready(status_of(ALL))["status"] == "True"


def test_its_size_is_the_machines() -> None:
    status = status_of(NOTHING)
    assert status["capacity"] == {"cpu": "4", "memory": "16Gi", "pods": "110", "ephemeral-storage": "40Gi"}
    assert status["allocatable"]["memory"] == "15Gi"
    assert status["nodeInfo"]["systemUUID"] == UUID


def test_gpus_are_there_once_the_device_plugin_is_and_none_can_be_had_when_it_goes() -> None:
    before = status_of(ALL)
    assert (before["capacity"][GPU], before["allocatable"][GPU]) == ("2", "2")
    after = status_of(replace(ALL, device_plugin=False), before)
    assert (after["capacity"][GPU], after["allocatable"][GPU]) == ("2", "0")
    assert GPU not in status_of(replace(ALL, device_plugin=False))["capacity"]


def test_a_condition_that_stays_keeps_its_time_and_is_not_reported_again() -> None:
    before = status_of(ALL)
    again = status_of(ALL, before, LATER)
    assert ready(again)["lastTransitionTime"] == NOW
    assert not differs(before, again)
    away = {**before, "conditions": [{**ready(before), "status": "Unknown"}]}
    assert differs(away, again), "the node controller has given it up meanwhile"


@pytest.mark.parametrize(
    ("profile", "product"),
    [("nvidia_l4-6c", "NVIDIA-L4-6C"), ("grid_a100d-3-40c", "GRID-A100D-3-40C")],
)
def test_product_of_a_vgpu(profile: str, product: str) -> None:
    assert product_of_profile(profile) == product


def test_product_of_a_whole_gpu() -> None:
    assert product_of_device("2331", "GH100 [H100 PCIe]") == "NVIDIA-H100-PCIe"
    assert product_of_device("27b8", "AD104GL [L4]") == "NVIDIA-L4"
    assert product_of_device("ffff", "unheard of") == "NVIDIA-GPU-ffff"


def test_a_machine_reads_what_the_machine_room_wrote(tmp_path: Path) -> None:
    file = tmp_path / "machine.json"
    file.write_text(MACHINE.as_json(), encoding="utf-8")
    assert read_description(file) == MACHINE


@pytest.mark.parametrize("program", ["kubelet", "boot", "kube_vip"])
def test_what_runs_on_every_machine_stays_small(program: str) -> None:
    asked = f"import sys, rehearsal.machines.{program}; print({{'pydantic', 'pyVmomi', 'pulumi'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
