"""What the simulated vCenter of a rehearsal has: a file per vCenter, or what the documents themselves ask for.

Clusters that `slipway inventory` has read are then as they were read.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from infra.errors import NotPossibleHere
from infra.template_contract import wanted_notes
from rehearsal.read_hosts import read_cluster, read_machines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from infra.gpu.inventory import Inventory
    from infra.model.environment import Environment
    from infra.model.release import Release

FEWEST_HOSTS = 3  # so that an anti-affinity rule for three nodes can be met
HOST_CORES = 64
HOST_MEMORY_GIB = 512
DATASTORE_GIB = 64 * 1024

Asked = tuple["Environment", "Release"]


def inventory_file(root: Path, server: str) -> Path:
    """Return the file that says what a vCenter has in rehearsals; it need not be there."""
    return root / "rehearsal" / "inventories" / f"{server}.yaml"


def server_of(asked: Sequence[Asked]) -> str:
    """Return the vCenter of environments. Raises `NotPossibleHere` when they have several."""
    servers = {environment.name: environment.vcenter.server for environment, _ in asked}
    if len(set(servers.values())) > 1:
        said = ", ".join(f"{name} has {server}" for name, server in servers.items())
        fix = "rehearse together what shares a vCenter, and the rest by itself"
        raise NotPossibleHere("rehearsal", f"one has one vCenter: {said}", fix)
    return next(iter(servers.values()))


def derived_inventory(asked: Sequence[Asked], read: Inventory | None = None) -> dict[str, Any]:
    """Return an inventory in which environments of one vCenter find all that they name, and room for it.

    Clusters that were `read` are taken as they are, room or not.
    """
    by_datacenter: dict[str, list[Asked]] = {}
    for environment, release in asked:
        by_datacenter.setdefault(environment.vcenter.datacenter, []).append((environment, release))
    policies = {policy for environment, _ in asked for policy in environment.storage_policies().values()}
    return {
        "vcenter": {
            "version": "8.0.3",
            "build": "24022515",
            "vgpuHotmigrate": read is not None and read.vgpu_hot_migrate,
        },
        "storagePolicies": sorted(policies),
        "datacenters": [_datacenter(name, each, read) for name, each in sorted(by_datacenter.items())],
    }


def as_yaml(inventory: dict[str, Any]) -> str:
    """Return an inventory as the text of its file."""
    text = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.dump(inventory, text)
    return text.getvalue()


def _datacenter(name: str, asked: Sequence[Asked], read: Inventory | None) -> dict[str, Any]:
    environments = [environment for environment, _ in asked]
    storages = [environment.vcenter.storage for environment in environments]
    datastores = _names(storage.datastore for storage in storages)
    pods = _names(storage.datastore_cluster for storage in storages)
    created = [e.vcenter.create_port_group for e in environments if e.vcenter.create_port_group]
    networks = {e.vcenter.network for e in environments if e.vcenter.create_port_group is None}
    network = min(networks, default="template-network")
    holder = datastores[0] if datastores else f"{pods[0]}-1"
    clusters = _names(c for e in environments for c in e.vcenter.clusters)
    return {
        "name": name,
        "clusters": [read_cluster(read, cluster) or _cluster(cluster, environments) for cluster in clusters],
        "datastores": [{"name": each, "capacityGiB": DATASTORE_GIB} for each in datastores],
        "datastoreClusters": [
            {"name": pod, "datastores": [{"name": f"{pod}-{n}", "capacityGiB": DATASTORE_GIB} for n in (1, 2)]}
            for pod in pods
        ],
        "networks": [{"name": each} for each in sorted(networks | {network})],
        "distributedSwitches": [{"name": each} for each in _names(group.distributed_switch for group in created)],
        "machines": read_machines(read, clusters, {e.vcenter.folder for e in environments}),
        "templates": _templates(asked, network, holder),
    }


def _cluster(name: str, environments: Sequence[Environment]) -> dict[str, Any]:
    """Return a cluster with hosts enough for twice the memory and for the largest group of nodes kept apart."""
    machines = [m for e in environments for m in e.machines().values() if e.cluster_of(m) == name]
    memory = sum(machine.count * machine.memory_gib for machine in machines)
    apart = max((machine.count for machine in machines if machine.anti_affinity != "none"), default=0)
    hosts = max(FEWEST_HOSTS, apart, -(-2 * memory // HOST_MEMORY_GIB))
    return {
        "name": name,
        "hosts": [
            {"name": f"esx-{n:02}.{name}.invalid", "cores": HOST_CORES, "memoryGiB": HOST_MEMORY_GIB}
            for n in range(1, hosts + 1)
        ],
    }


def _templates(asked: Sequence[Asked], network: str, datastore: str) -> list[dict[str, Any]]:
    found = {environment.vcenter.template: release for environment, release in asked}
    return [_template(path, release, network, datastore) for path, release in sorted(found.items())]


def _template(path: str, release: Release, network: str, datastore: str) -> dict[str, Any]:
    folder, _, name = path.rpartition("/")
    template = release.machine_template
    return {
        "name": name,
        **({"folder": folder} if folder else {}),
        "notes": as_yaml(wanted_notes(release)),
        "guestId": template.guest_id,
        "firmware": template.firmware,
        "hardwareVersion": template.oldest_hardware_version,
        "cpus": 2,
        "memoryMiB": 4096,
        "diskGiB": template.disk_gib,
        "network": network,
        "datastore": datastore,
    }


def _names(names: Iterable[str | None]) -> list[str]:
    return sorted({name for name in names if name is not None})
