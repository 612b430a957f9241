"""What the planner accepts, vSphere's rules accept, in every order; the two were written apart.

Random vCenters and random requests: whatever fits by the planner is made in a simulated vCenter and powered on in
random order, with random choices of a host. Nothing may fail. A planner with a wrong rule has to be found out.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyVmomi import vim

from infra.gpu import need as needs
from infra.gpu.asked import Asked
from infra.gpu.free import HYPERVISOR_MIB, free_hosts
from infra.gpu.need import Need
from infra.gpu.planner import fit_cluster
from infra.vsphere.gpu_inventory import read_gpu_inventory
from tests.support.gpu_vcenter import inventory, vcenter

if TYPE_CHECKING:
    from infra.gpu.fixed import Seat
    from infra.gpu.free import FreeHost
    from tests.support.gpu_vcenter import GpuVCenter

pytestmark = pytest.mark.rehearsal
H100 = "H100 PCIe"
SIZES = ("80c", "40c", "20c", "16c")
MEMORY_MIB = (4096, 16384, 65536)


def random_hosts(dice: random.Random) -> list[dict[str, Any]]:
    hosts = []
    for number in range(dice.randint(1, 3)):
        modes = dice.choices(["vgpu", "passthrough", "mig", "off"], [5, 3, 1, 1], k=dice.randint(1, 4))
        gpus = [{"board": H100, "address": f"0000:{0x10 + n:02x}:00.0", "mode": mode} for n, mode in enumerate(modes)]
        memory = dice.choice([HYPERVISOR_MIB // 1024 + 64, 512])
        policy = dice.choice(["performance", "consolidation"])
        graphics = {"defaultType": "sharedDirect", "assignment": policy}
        hosts.append({"name": f"esx-{number}", "cores": 64, "memoryGiB": memory, "graphics": graphics, "gpus": gpus})
    return hosts


def random_asked(dice: random.Random) -> list[Asked]:
    asked = []
    for number in range(dice.randint(1, 3)):
        count = dice.choice([1, 1, 1, 2])
        size = dice.choice(SIZES)
        need = dice.choice(
            [
                Need("vgpu", H100, count, f"nvidia_h100-{size}", size),
                Need("vgpu", H100, count, f"nvidia_h100-{size}", size),
                Need("vgpu", H100, 1, "nvidia_h100-2-20c", "2-20c"),
                Need("passthrough", H100, count),
                Need("dynamic", H100, count),
            ]
        )
        nodes = tuple(f"pool{number}-{n}" for n in range(dice.choice([1, 1, 2, 3])))
        memory = dice.choice(MEMORY_MIB)
        asked.append(
            Asked(f"pool{number}", nodes, "gpus", need, memory, apart=False, placement="spread", survives=False)
        )
    return asked


def start_all(
    there: GpuVCenter, dice: random.Random, asked: list[Asked], seats: dict[str, Seat]
) -> tuple[str, Exception] | None:
    """Make all nodes, power them on in random order, and return the first that fails, with vCenter's fault."""
    there.random_order(dice.randint(0, 10**6))
    machines = {
        node: there.make(node, pool.need, pool.memory_mib, seats.get(node)) for pool in asked for node in pool.nodes
    }
    order = list(machines)
    dice.shuffle(order)
    for node in order:
        try:
            there.power_on(machines[node])
        except vim.fault.VimFault as fault:
            return node, fault
    return None


def tried(seed: int, *, searches: int = 40) -> tuple[int, str]:
    """Return how many requests were accepted and made for one random vCenter, and what failed ("" for nothing)."""
    dice = random.Random(seed)  # noqa: S311 - reproducible on purpose
    accepted = 0
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        text = inventory(random_hosts(dice), [])
        with vcenter(Path(folder), text) as there:
            hosts = free_hosts(read_gpu_inventory(there.instance, "vcenter")[0].hosts, "ours")
            for _ in range(searches):
                asked = random_asked(dice)
                seats = fit_cluster(asked, hosts, {})
                if seats is None:
                    continue
                accepted += 1
                failed = start_all(there, dice, asked, seats)
                if failed:
                    return accepted, f"{failed[0]} of {asked} on {described(hosts)}: {failed[1]}"
                break
    return accepted, ""


def described(hosts: list[FreeHost]) -> str:
    return "; ".join(f"{h.name}: {len(h.devices)} devices, {h.shared}, {h.consolidates}" for h in hosts)


@pytest.mark.parametrize("seed", range(24))
def test_nothing_that_the_planner_accepts_fails(seed: int) -> None:
    assert tried(seed)[1] == ""


def test_most_random_vcenters_have_something_that_fits() -> None:
    assert sum(tried(seed)[0] for seed in range(8)) >= 5


def test_a_planner_that_mixes_sizes_on_one_gpu_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutation: sizes share a GPU as long as memory is left, which same-size mode does not allow."""

    def mixing(need: Need, taken: dict[str, int]) -> int:
        del taken
        return need.per_gpu()

    monkeypatch.setattr(needs, "room_on", mixing)
    monkeypatch.setattr("infra.gpu.orders.room_on", mixing)
    monkeypatch.setattr("infra.gpu.orders._loss", lambda need, other: 1 if need.kind == other.kind else 0)
    monkeypatch.setattr("infra.gpu.blocking.blocked_everywhere", lambda *_: None)
    assert any(tried(seed)[1] for seed in range(24))
