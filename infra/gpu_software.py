"""Whether the software around a vCenter's GPUs goes together: hosts' drivers, hardware versions. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.counting import counted
from infra.diagnosis import Diagnosis
from infra.gpu_diagnosis import boards_of, setting_of
from infra.model.environment import pool_path
from infra.model.gpu_drivers import branch_number, host_branches_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from infra.gpu.inventory import Host, Inventory
    from infra.model.environment import Environment
    from infra.model.nodes import NodePool
    from infra.model.release import Release

# Broadcom, "Virtual machine hardware versions": the oldest ESXi that runs a machine of each.
_OLDEST_ESXI = {19: (7, 0, 2), 20: (8, 0, 0), 21: (8, 0, 2), 22: (9, 0, 0)}
_SEVERAL_VGPUS = 20  # hardware version from which a machine can have several vGPUs
_MANY_VGPUS, _MANY_VGPUS_ESXI = 8, (8, 0, 2)  # more than so many per machine only from that ESXi on (unconfirmed)


def hosts_for(environment: Environment, inventory: Inventory, pool: NodePool) -> list[Host]:
    """Return the hosts that nodes of a pool with GPUs can come to, in the inventory's order."""
    if pool.gpu is None:
        return []
    setting, boards = setting_of(pool.gpu), boards_of(pool.gpu)
    return [
        host
        for host in inventory.cluster(environment.cluster_of(pool))
        if host.usable and any(gpu.mode == setting and gpu.board in boards for gpu in host.gpus)
    ]


def hosts_with_vgpus(environment: Environment, inventory: Inventory) -> list[Host]:
    """Return the hosts that a node with vGPUs can come to, by name."""
    pools = [pool for pool in environment.node_pools.values() if pool.gpu and setting_of(pool.gpu) != "passthrough"]
    found = {host.name: host for pool in pools for host in hosts_for(environment, inventory, pool)}
    return [found[name] for name in sorted(found)]


def diagnose_gpu_software(
    environment: Environment,
    release: Release,
    inventory: Inventory,
    drivers: Mapping[str, str | None],
) -> list[Diagnosis]:
    """Return what is right and wrong with drivers and hardware versions.

    `drivers` gives the version of NVIDIA's driver by name of the hosts with vGPUs: "" where there is none, None where
    it may not be read.
    """
    found = list(_hardware(environment, release, inventory))
    hosts = hosts_with_vgpus(environment, inventory)
    found += _drivers(release.gpu_driver.version, {host.name: drivers[host.name] for host in hosts})
    return found


def _hardware(environment: Environment, release: Release, inventory: Inventory) -> Iterator[Diagnosis]:
    if not environment.has_gpus:
        return
    version = release.machine_template.hardware_version
    pools = [environment.node_pools[name] for name in sorted(environment.node_pools)]
    needed = {host.name for pool in pools for host in hosts_for(environment, inventory, pool)}
    for cluster in environment.vcenter.clusters:
        hosts = [host for host in inventory.cluster(cluster) if host.usable]
        old = [host for host in hosts if _esxi(host) < _OLDEST_ESXI[version]]
        if old:
            named = ", ".join(f"{host.name} ({host.version})" for host in old)
            said = f"nodes of release {release.version} have hardware version {version}, too new for {named}"
            # the fit plan counts the GPUs of such hosts; and without any other host nothing starts
            wrong = len(old) == len(hosts) or any(host.name in needed for host in old)
            fix = f"update ESXi there, or take such hosts out of {cluster}"
            yield Diagnosis("hardware version", "wrong" if wrong else "warning", said, fix)
        elif hosts:
            found = f"{version}, which {counted(len(hosts), 'host')} of {cluster} can run"
            yield Diagnosis("hardware version", "right", found)
    yield from _several_vgpus(environment, version, inventory)


def _several_vgpus(environment: Environment, version: int, inventory: Inventory) -> Iterator[Diagnosis]:
    for name, pool in sorted(environment.node_pools.items()):
        if pool.gpu is None or setting_of(pool.gpu) == "passthrough" or pool.gpu.count == 1:
            continue
        path = f"{pool_path(name)}.gpu.count: {pool.gpu.count}"
        if version < _SEVERAL_VGPUS:
            said = f"{path}: a machine of hardware version {version} can have one vGPU"
            yield Diagnosis("hardware version", "wrong", said, "ask for one, or take a release with 20 or newer")
        few = [h.name for h in hosts_for(environment, inventory, pool) if _esxi(h) < _MANY_VGPUS_ESXI]
        if pool.gpu.count > _MANY_VGPUS and few:
            said = f"{path}: ESXi before 8.0 U2 gives a machine {_MANY_VGPUS} vGPUs at most: {', '.join(few)}"
            yield Diagnosis("hardware version", "wrong", said, f"ask for {_MANY_VGPUS}, or update ESXi there")


def _esxi(host: Host) -> tuple[int, ...]:
    return tuple(int(part) for part in host.version.split(".") if part.isdigit())


def _drivers(guest: str, drivers: Mapping[str, str | None]) -> Iterator[Diagnosis]:
    by_version: dict[str | None, list[str]] = {}
    for host, driver in sorted(drivers.items()):
        by_version.setdefault(driver, []).append(host)
    for driver in sorted(by_version, key=lambda each: each or ""):
        yield _driver(guest, driver, by_version[driver])


def _driver(guest: str, driver: str | None, hosts: Sequence[str]) -> Diagnosis:
    where = ", ".join(hosts)
    allowed = host_branches_for(guest)
    branches = " or ".join(f"R{number}" for number in allowed)
    if driver is None:
        said = f"the user may not read the software packages of {where} (Host.Config.Image)"
        by_hand = "compare by hand: esxcli software vib list | grep -i nv"
        return Diagnosis("GPU driver", "warning", said, f"{by_hand}; with guest driver {guest} go {branches}")
    if not driver:
        fix = (
            f"install NVIDIA AI Enterprise's host driver of {branches} there (esxcli software vib install), and reboot"
        )
        return Diagnosis("GPU driver", "wrong", f"no NVIDIA host driver on {where}", fix)
    if not allowed:
        said = f"host driver {driver} on {where} can't be compared: the branch of guest driver {guest} is not known"
        return Diagnosis("GPU driver", "warning", said, "see NVIDIA's release notes of both")
    if branch_number(driver) in allowed:
        said = f"host driver {driver} on {where} goes with the release's guest driver {guest}"
        return Diagnosis("GPU driver", "right", said)
    said = f"host driver {driver} on {where} does not load with the release's guest driver {guest}"
    return Diagnosis("GPU driver", "wrong", said, f"install a host driver of {branches} there, or take another release")
