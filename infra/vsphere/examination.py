"""What a vCenter has, read for an environment that is to stand in it: plain facts, in few requests."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from infra.template_contract import FoundTemplate
from infra.vsphere.places import missing_places
from infra.vsphere.privileges import Privilege, needed_privileges
from infra.vsphere.reading import Reader
from infra.vsphere.session import CONNECTION_TIMEOUT, VCenter, find

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.model.environment import Environment
    from infra.vsphere.privileges import Place

BYTES_PER_GIB = 1024**3
KIB_PER_GIB = 1024**2


@dataclass(frozen=True)
class FoundDatastore:
    """A datastore: free space in GiB, and whether it takes new machines."""

    name: str
    free_gib: int
    usable: bool


@dataclass(frozen=True)
class FoundHost:
    """A host of a cluster: its cluster, threads, memory in GiB, and whether it takes machines now."""

    cluster: str
    name: str
    threads: int
    memory_gib: int
    usable: bool


@dataclass(frozen=True)
class Facts:
    """What was read.

    `clock_offset` says how many seconds vCenter's clock is ahead of this machine's; `missing` are places that the
    document names and vCenter lacks, in words; `template` is None when it isn't there; `missing_privileges` come with
    the name of the object; `holders` are machines outside the environment's folder, by the address that their guest
    reports; `present` are the names of the machines inside it, `own_addresses` what their guests report,
    `own_disks_gib` the size of all their disks.
    """

    about: str
    user: str
    certificate_ends: datetime
    clock_offset: float
    missing: tuple[str, ...]
    template: FoundTemplate | None
    datastores: tuple[FoundDatastore, ...]
    hosts: tuple[FoundHost, ...]
    missing_privileges: tuple[tuple[Privilege, str], ...]
    holders: dict[str, str]
    present: frozenset[str]
    own_addresses: frozenset[str] = frozenset()
    own_disks_gib: int = 0


def examine(instance: VCenter, environment: Environment, user: str) -> Facts:
    """Read what there is to know about an environment's vCenter. Changes nothing."""
    content = instance.content
    places = environment.vcenter
    own, own_addresses, holders = _machines(instance, f"/{places.datacenter}/vm/{places.folder}")
    return Facts(
        about=content.about.fullName,
        user=user,
        certificate_ends=_certificate_ends(places.server),
        clock_offset=(instance.CurrentTime() - datetime.now(UTC)).total_seconds(),
        missing=tuple(missing_places(instance, environment)),
        template=_template(instance, environment),
        datastores=tuple(_datastores(instance, environment)),
        hosts=tuple(_hosts(instance, environment)),
        missing_privileges=tuple(_missing_privileges(instance, environment)),
        holders=holders,
        present=frozenset(own),
        own_addresses=frozenset(own_addresses),
        own_disks_gib=_disks_gib(instance, list(own.values())),
    )


def _certificate_ends(server: str) -> datetime:
    """Return until when the server's certificate is good; the session before has checked that it is trusted."""
    context = ssl.create_default_context()
    with (
        socket.create_connection((server, 443), timeout=CONNECTION_TIMEOUT) as plain,
        context.wrap_socket(plain, server_hostname=server) as secured,
    ):
        certificate: dict[str, Any] = dict(secured.getpeercert() or {})
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), tz=UTC)


def _template(instance: VCenter, environment: Environment) -> FoundTemplate | None:
    places = environment.vcenter
    found = find(instance, f"/{places.datacenter}/vm/{places.template}")
    config = found.config if isinstance(found, vim.VirtualMachine) else None
    if config is None:
        return None
    disks = [device for device in config.hardware.device if isinstance(device, vim.vm.device.VirtualDisk)]
    largest = max((disk.capacityInKB for disk in disks), default=0)
    return FoundTemplate(
        path=places.template,
        guest_id=config.guestId,
        firmware=config.firmware or "",
        hardware_version=int("".join(re.findall("[0-9]", config.version))),
        disk_gib=-(-largest // KIB_PER_GIB),
        notes=config.annotation or "",
    )


def _datastores(instance: VCenter, environment: Environment) -> Iterable[FoundDatastore]:
    storage, root = environment.vcenter.storage, f"/{environment.vcenter.datacenter}/datastore"
    found = find(instance, f"{root}/{storage.datastore_cluster or storage.datastore}")
    stores = found.childEntity if isinstance(found, vim.StoragePod) else [found]
    wanted = [store for store in stores if isinstance(store, vim.Datastore)]
    paths = ["name", "summary.freeSpace", "summary.accessible", "summary.maintenanceMode"]
    for _, values in Reader(instance).of(wanted, vim.Datastore, paths):
        normal = values.get("summary.maintenanceMode", "normal") == "normal"
        yield FoundDatastore(
            name=values.get("name", "a datastore that the user may not read"),
            free_gib=values.get("summary.freeSpace", 0) // BYTES_PER_GIB,
            usable=bool(values.get("summary.accessible")) and normal,
        )


def _hosts(instance: VCenter, environment: Environment) -> Iterable[FoundHost]:
    root = f"/{environment.vcenter.datacenter}/host"
    paths = [
        "name",
        "summary.hardware.numCpuThreads",
        "summary.hardware.memorySize",
        "runtime.connectionState",
        "runtime.inMaintenanceMode",
    ]
    for cluster in environment.vcenter.clusters:
        found = find(instance, f"{root}/{cluster}")
        if not isinstance(found, vim.ClusterComputeResource):
            continue
        for _, values in Reader(instance).of(found.host, vim.HostSystem, paths):
            connected = values.get("runtime.connectionState") == vim.HostSystem.ConnectionState.connected
            yield FoundHost(  # a host that was never connected has no hardware that is known
                cluster=cluster,
                name=values.get("name", "a host that the user may not read"),
                threads=values.get("summary.hardware.numCpuThreads", 0),
                memory_gib=values.get("summary.hardware.memorySize", 0) // BYTES_PER_GIB,
                usable=connected and not values.get("runtime.inMaintenanceMode", True),
            )


def _disks_gib(instance: VCenter, machines: list[Any]) -> int:
    """Return the size of all disks of machines."""
    sizes = [
        device.capacityInKB
        for _, values in Reader(instance).of(machines, vim.VirtualMachine, ["config.hardware.device"])
        for device in values.get("config.hardware.device", [])
        if isinstance(device, vim.vm.device.VirtualDisk)
    ]
    return sum(sizes) // KIB_PER_GIB


def _machines(instance: VCenter, folder_path: str) -> tuple[dict[str, Any], list[str], dict[str, str]]:
    """Return the machines in a folder by name, their addresses, and the other machines by address."""
    folder = find(instance, folder_path)
    own: dict[str, Any] = {}
    addresses: list[str] = []
    holders: dict[str, str] = {}
    machines = Reader(instance).all(vim.VirtualMachine, ["name", "parent", "guest.ipAddress"])
    for reference, values in machines:
        name, address = values.get("name", "a machine that the user may not read"), values.get("guest.ipAddress")
        if folder is not None and values.get("parent") == folder:
            own[name] = reference
            addresses += [address] if address else []
        elif address:
            holders[address] = name
    return own, addresses, holders


def _missing_privileges(instance: VCenter, environment: Environment) -> Iterable[tuple[Privilege, str]]:
    content: Any = instance.content
    session = content.sessionManager.currentSession.key
    wanted: dict[Place, list[Privilege]] = {}
    for privilege in needed_privileges(environment):
        wanted.setdefault(privilege.place, []).append(privilege)
    for place, privileges in wanted.items():
        for path in _objects(environment, place):
            found = content.rootFolder if path == "/" else find(instance, path)
            if found is None:
                continue  # its absence is said elsewhere
            names = [privilege.name for privilege in privileges]
            (answer,) = content.authorizationManager.HasPrivilegeOnEntities([found], session, names)
            granted = {each.privId for each in answer.privAvailability if each.isGranted}
            yield from ((privilege, path) for privilege in privileges if privilege.name not in granted)


def _objects(environment: Environment, place: Place) -> list[str]:
    """Return the inventory paths of the objects of a kind that an environment uses."""
    named = environment.vcenter
    root = f"/{named.datacenter}"
    created = named.create_port_group
    return {
        "root": ["/"],
        "datacenter": [root],
        "cluster": [f"{root}/host/{cluster}" for cluster in named.clusters],
        "storage": [f"{root}/datastore/{named.storage.datastore_cluster or named.storage.datastore}"],
        "network": [f"{root}/network/{created.distributed_switch if created else named.network}"],
    }[place]
