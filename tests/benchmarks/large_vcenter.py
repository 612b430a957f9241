"""A vCenter with 1,000 hosts, 8,000 GPUs and 10,000 machines: reading it over the wire, and planning 2,000 nodes."""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

from infra.gpu.inventory import as_text
from infra.gpu.planner import plan_gpus
from infra.vsphere.gpu_inventory import read_gpu_inventory
from tests.support.gpu_vcenter import inventory_of_clusters, vcenter
from tests.support.large import LARGE_REQUEST, large_inventory, simulated_clusters, simulated_machines

CLUSTERS = 20


def main() -> None:
    """Print how long reading and planning take, in how many requests, and this process's largest memory."""
    text = inventory_of_clusters(simulated_clusters(CLUSTERS), simulated_machines(CLUSTERS))
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        begun = time.monotonic()
        with vcenter(Path(folder), text) as there:
            _say("start of the simulated vCenter", begun)
            begun = time.monotonic()
            found, requests = read_gpu_inventory(there.instance, "vcenter.example.internal")
            _say("inventory of it, over the wire", begun)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    gpus = sum(len(host.gpus) for host in found.hosts)
    holders = sum(len(host.holders) for host in found.hosts)
    print(f"  {len(found.hosts)} hosts, {gpus} GPUs, {holders} machines that hold something")
    print(f"  {requests} requests, {memory} MiB at most, a file of {len(as_text(found)) // 1024} KiB")
    asked = large_inventory(1000)
    begun = time.monotonic()
    plan = plan_gpus(LARGE_REQUEST, asked, {})
    _say("fit plan, 2,000 nodes on 1,000 hosts", begun)
    print(f"  {len(plan.seats)} nodes pinned, {len(plan.unfit)} pools that do not fit")


def _say(name: str, begun: float) -> None:
    print(f"{name:42} {time.monotonic() - begun:6.2f}", flush=True)


if __name__ == "__main__":
    main()
