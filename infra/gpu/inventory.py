"""What a vCenter has in hosts and GPUs, as plain data, and the file that it is kept in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import yaml

from infra.errors import NotPossibleHere

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# passthrough: enabled and active; pending: enabled, and active after a reboot of the host; vgpu: shared direct and
# time-sliced; mig: shared direct and MIG-backed; shared: the default graphics type, no vGPU; off: nothing is enabled.
Mode = Literal["passthrough", "pending", "vgpu", "mig", "shared", "off"]


@dataclass(frozen=True)
class Holder:
    """A virtual machine that holds something of a host.

    `folder` is its path below the datacenter's vm folder, `reserved_mib` the memory that it has reserved, `devices` are
    PCI addresses, `profiles` vGPU profiles with how many of each.
    """

    name: str
    folder: str
    powered_on: bool
    reserved_mib: int
    devices: tuple[str, ...] = ()
    profiles: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Gpu:
    """One physical GPU.

    `address` is its PCI address, `device` the PCI device id, `board` its name in the catalogue ("" for one that it
    doesn't know), `label` its hardware label, `users` the names of the powered-on machines with vGPUs on it.
    """

    address: str
    device: str
    name: str
    board: str
    mode: Mode
    label: str = ""
    users: tuple[str, ...] = ()


@dataclass(frozen=True)
class Host:
    """One host.

    `consolidates` says whether it fills a GPU before it begins another one, `profiles` are those that it supports,
    `holders` the machines on it that hold GPUs or reserved memory.
    """

    name: str
    cluster: str
    connected: bool
    maintenance: bool
    version: str
    memory_mib: int
    cores: int
    consolidates: bool
    profiles: tuple[str, ...]
    gpus: tuple[Gpu, ...]
    holders: tuple[Holder, ...]

    @property
    def usable(self) -> bool:
        """Whether it takes machines now."""
        return self.connected and not self.maintenance


@dataclass(frozen=True)
class Inventory:
    """Everything of one vCenter that placing GPUs needs: `read` says when it was read (UTC, ISO 8601)."""

    vcenter: str
    read: str
    hosts: tuple[Host, ...]
    vgpu_hot_migrate: bool = False

    def cluster(self, name: str) -> list[Host]:
        """Return the hosts of a cluster, by name."""
        return [host for host in self.hosts if host.cluster == name]


def inventory_path(root: Path, vcenter: str) -> Path:
    """Return the file of a vCenter's inventory."""
    return root / "stacks" / "inventories" / f"{vcenter}.yaml"


def as_text(inventory: Inventory) -> str:
    """Return the file of an inventory: YAML with one line per GPU and per machine, in stable order, to be diffed."""
    return "\n".join(_lines(inventory)) + "\n"


def _lines(inventory: Inventory) -> Iterator[str]:
    yield "# What a vCenter has, written by `slipway inventory`. Nothing here is edited by hand."
    yield f"vcenter: {_word(inventory.vcenter)}"
    yield f"read: {_word(inventory.read)}"
    yield f"vgpuHotMigrate: {_word(inventory.vgpu_hot_migrate)}"
    yield "hosts:" if inventory.hosts else "hosts: []"
    for host in sorted(inventory.hosts, key=lambda each: (each.cluster, each.name)):
        yield f"  - name: {_word(host.name)}"
        facts = {
            "cluster": host.cluster,
            "connected": host.connected,
            "maintenance": host.maintenance,
            "version": host.version,
            "memoryMiB": host.memory_mib,
            "cores": host.cores,
            "consolidates": host.consolidates,
            "profiles": sorted(host.profiles),
        }
        yield from (f"    {key}: {_word(value)}" for key, value in facts.items())
        yield "    gpus:" if host.gpus else "    gpus: []"
        yield from (f"      - {_gpu(gpu)}" for gpu in sorted(host.gpus, key=lambda each: each.address))
        yield "    holders:" if host.holders else "    holders: []"
        yield from (
            f"      - {_holder(each)}" for each in sorted(host.holders, key=lambda each: (each.folder, each.name))
        )


def _word(value: Any) -> str:  # noqa: ANN401 - any plain value
    """Return a value as JSON, which is YAML that no version of YAML reads otherwise."""
    return json.dumps(value, ensure_ascii=False)


def _gpu(gpu: Gpu) -> str:
    facts = {"address": gpu.address, "device": gpu.device, "board": gpu.board, "mode": gpu.mode, "label": gpu.label}
    return _word({**facts, "users": sorted(gpu.users), "name": gpu.name})


def _holder(holder: Holder) -> str:
    facts = {"name": holder.name, "folder": holder.folder, "on": holder.powered_on, "reservedMiB": holder.reserved_mib}
    return _word({**facts, "devices": sorted(holder.devices), "profiles": dict(sorted(holder.profiles))})


def read_inventory(path: Path, environment: str) -> Inventory:
    """Return an inventory from its file. Raises `NotPossibleHere` when it isn't there or is none."""
    fix = f"read it from vCenter: ./slipway inventory {environment}"
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        return _inventory(data)
    except FileNotFoundError:
        raise NotPossibleHere(f"stacks/inventories/{path.name}", "there is no such inventory yet", fix) from None
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        reason = f"is no inventory ({' '.join(str(error).split())})"
        raise NotPossibleHere(f"stacks/inventories/{path.name}", reason, fix) from None


def _inventory(data: Mapping[str, Any]) -> Inventory:
    return Inventory(
        data["vcenter"], str(data["read"]), tuple(_host(each) for each in data["hosts"]), bool(data["vgpuHotMigrate"])
    )


def _host(data: Mapping[str, Any]) -> Host:
    return Host(
        name=data["name"],
        cluster=data["cluster"],
        connected=data["connected"],
        maintenance=data["maintenance"],
        version=data["version"],
        memory_mib=data["memoryMiB"],
        cores=data["cores"],
        consolidates=data["consolidates"],
        profiles=tuple(data["profiles"]),
        gpus=tuple(
            Gpu(g["address"], g["device"], g["name"], g["board"], g["mode"], g["label"], tuple(g["users"]))
            for g in data["gpus"]
        ),
        holders=tuple(
            Holder(
                h["name"],
                h["folder"],
                h["on"],
                h["reservedMiB"],
                tuple(h["devices"]),
                tuple(sorted(h["profiles"].items())),
            )
            for h in data["holders"]
        ),
    )
