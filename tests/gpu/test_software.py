"""Whether drivers and hardware versions around GPUs go together, said with what mends it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.catalog import ROOT
from infra.gpu.inventory import inventory_path, read_inventory
from infra.gpu_software import diagnose_gpu_software, hosts_with_vgpus
from infra.model.gpu_drivers import host_branches_for
from tests.support.environments import DEV, PROD, RELEASE, changed

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.model.environment import Environment

ROOMY = read_inventory(inventory_path(ROOT, PROD.vcenter.server), "prod")
ESX = [f"esx-{number}.prod.example.internal" for number in (21, 22, 23, 24)]
OLD = replace(ROOMY, hosts=tuple(replace(h, version="7.0.3" if h.name == ESX[2] else "8.0.1") for h in ROOMY.hosts))
MANY = changed(PROD, {"nodePools.inference.gpu.count": 9})


@pytest.mark.parametrize(
    ("guest", "hosts"),
    [
        ("535.247.01", [535, 550, 580]),
        ("550.163.01", [550, 570]),
        ("570.172.08", [570, 580]),
        ("580.65.06", [580, 595, 620]),
        ("595.45.04", [595, 620]),
        ("470.1.1", []),
    ],
)
def test_branches_of_a_host_that_go_with_a_guest(guest: str, hosts: list[int]) -> None:
    assert host_branches_for(guest) == hosts


def lines(environment: Environment = PROD, inventory: object = ROOMY, *drivers: str | None) -> str:
    """Return what is said; `drivers` are those of the four hosts with GPUs, the release's branch without."""
    given = dict(zip(ESX, drivers or ("580.65.05",) * 4, strict=True))
    found = diagnose_gpu_software(environment, RELEASE, inventory, given)  # type: ignore[arg-type]
    return "".join(f"{e.verdict}: {e.check}: {e.found}{f'; {e.fix}' if e.fix else ''}\n" for e in found)


def test_what_is_said(golden: Callable[[str, str], None]) -> None:
    kinds = {
        "all goes together": lines(),
        "drivers of several branches, none, and one that may not be read": lines(
            PROD, ROOMY, "595.45.04", "550.163.02", "", None
        ),
        "old hosts": lines(PROD, OLD),
        "nine vGPUs per machine on old hosts": lines(MANY, OLD),
    }
    golden("gpu-software.txt", "\n".join(f"# {kind}\n{said}" for kind, said in kinds.items()))


def test_only_hosts_that_vgpu_nodes_can_come_to_are_asked_for_drivers() -> None:
    assert [host.name for host in hosts_with_vgpus(PROD, ROOMY)] == ESX
    training = changed(PROD, {"nodePools.inference": None, "nodePools.notebooks": None})
    assert hosts_with_vgpus(training, ROOMY) == []


def test_without_gpus_nothing_is_said() -> None:
    assert lines(DEV, ROOMY) == ""
