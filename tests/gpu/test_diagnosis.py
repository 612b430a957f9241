"""Whether GPUs are set up as the pools need them, said with what mends it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from infra.catalog import ROOT
from infra.gpu.inventory import inventory_path, read_inventory
from infra.gpu_diagnosis import diagnose_gpus
from infra.model.gpu import GpuRequest
from tests.support.environments import DEV, PROD

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.gpu.inventory import Inventory, Mode

ROOMY = replace(read_inventory(inventory_path(ROOT, PROD.vcenter.server), "prod"), vgpu_hot_migrate=True)


def with_modes(hosts: dict[str, Mode]) -> Inventory:
    """Return the roomy inventory with all GPUs of some hosts, named by their first label, set to something else."""
    return replace(
        ROOMY,
        hosts=tuple(
            replace(
                host,
                gpus=tuple(replace(g, mode=hosts.get(host.name.partition(".")[0], g.mode)) for g in host.gpus),
            )
            for host in ROOMY.hosts
        ),
    )


def lines(inventory: Inventory) -> list[str]:
    """Return every diagnosis as one line."""
    found = diagnose_gpus(PROD, inventory)
    return [f"{each.verdict}: {each.found}" + (f"; {each.fix}" if each.fix else "") for each in found]


def everywhere(mode: Mode) -> Inventory:
    return with_modes({host.name.partition(".")[0]: mode for host in ROOMY.hosts})


def test_what_is_said_of_every_kind_of_vcenter(golden: Callable[[str, str], None]) -> None:
    kinds = {
        "all is set up": ROOMY,
        "one host waits for a reboot": with_modes({"esx-22": "pending"}),
        "one host has the default graphics type": with_modes({"esx-23": "shared"}),
        "nothing is set up": everywhere("off"),
        "the graphics type is the default everywhere": everywhere("shared"),
        "no host takes machines": replace(ROOMY, hosts=tuple(replace(host, maintenance=True) for host in ROOMY.hosts)),
        "vGPU nodes can't move": replace(ROOMY, vgpu_hot_migrate=False),
    }
    parts = [f"# {kind}\n" + "\n".join(lines(inventory)) + "\n" for kind, inventory in kinds.items()]
    golden("gpu-preflight.txt", "\n".join(parts))


def test_all_is_right_when_all_is_set_up() -> None:
    assert {each.verdict for each in diagnose_gpus(PROD, ROOMY)} == {"right"}


def test_an_environment_without_gpus_asks_for_nothing() -> None:
    assert diagnose_gpus(DEV, replace(ROOMY, vgpu_hot_migrate=False)) == []


def test_a_profile_by_name_is_looked_for_on_its_boards() -> None:
    pool = PROD.node_pools["inference"].model_copy(update={"gpu": GpuRequest(profile="nvidia_h100-20c")})
    named = PROD.model_copy(update={"node_pools": {"inference": pool}})
    found = [each for each in diagnose_gpus(named, everywhere("off")) if "inference" in each.found]
    assert [each.verdict for each in found] == ["wrong"]
    assert "SharedPassthru" in found[0].fix
