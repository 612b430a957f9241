"""Whether a vCenter's GPUs are set up as the pools need them, and how that is mended: pure, over a GPU inventory.

Whether there are enough of them is the fit plan's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from infra.counting import counted
from infra.diagnosis import Diagnosis
from infra.model.environment import pool_path
from infra.model.gpu_boards import boards_called, boards_of_types, parse_profile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.gpu.inventory import Gpu, Host, Inventory
    from infra.model.environment import Environment
    from infra.model.gpu import GpuRequest

Setting = Literal["passthrough", "vgpu", "mig"]
_CHECK = "GPUs"
_NAMES = {"passthrough": "passthrough", "vgpu": "time-sliced vGPU", "mig": "MIG-backed vGPU"}
# NVIDIA Virtual GPU Software User Guide 2.9 and vSphere Resource Management: how a host gets each setting.
_FIXES = {
    "passthrough": "on such a host in the vSphere Client, Configure > PCI Devices: toggle passthrough, and reboot",
    "vgpu": "install NVIDIA's host driver, run: esxcli graphics host set --default-type SharedPassthru, and reboot",
    "mig": "on such a host, set up for vGPU: nvidia-smi -i ADDRESS -mig 1, and reboot",
}


def diagnose_gpus(environment: Environment, inventory: Inventory) -> list[Diagnosis]:
    """Return a diagnosis for every pool with GPUs and every host that waits for something, pools by name."""
    asked = {name: pool.gpu for name, pool in sorted(environment.node_pools.items()) if pool.gpu is not None}
    found: dict[Diagnosis, None] = {}  # two pools may wait for the same host
    for name, request in asked.items():
        cluster = environment.cluster_of(environment.node_pools[name])
        hosts = [host for host in inventory.cluster(cluster) if host.usable]
        found.update(dict.fromkeys(_pool(f"{pool_path(name)}.gpu: {request.wanted()}", cluster, request, hosts)))
    if any(setting_of(request) != "passthrough" for request in asked.values()) and not inventory.vgpu_hot_migrate:
        fix = "set it to true in the vSphere Client: the vCenter, Configure > Advanced Settings"
        said = "vgpu.hotmigrate.enabled is not true: nodes with vGPUs can't be moved off a host while they run"
        found[Diagnosis(_CHECK, "warning", said, fix)] = None
    return list(found)


def _pool(wanted: str, cluster: str, request: GpuRequest, hosts: Sequence[Host]) -> Iterator[Diagnosis]:
    setting = setting_of(request)
    meant = boards_of(request)
    gpus = [(host.name, gpu) for host in hosts for gpu in host.gpus if gpu.board in meant]
    ready = [host for host, gpu in gpus if gpu.mode == setting]
    if ready:
        said = f"{wanted}: {counted(len(ready), 'GPU')} set to {_NAMES[setting]}, on {', '.join(sorted(set(ready)))}"
        yield Diagnosis(_CHECK, "right", said)
    elif gpus:
        where = ", ".join(sorted({host for host, _ in gpus}))
        said = f"{wanted}: none of the {len(gpus)} on {where} is set to {_NAMES[setting]}"
        yield Diagnosis(_CHECK, "wrong", said, _FIXES[setting])
    else:
        fix = f"bring hosts with it into {cluster}, or ask for what it has: ./slipway inventory, then ./slipway fit"
        yield Diagnosis(_CHECK, "wrong", f"{wanted}: no host of {cluster} that takes machines has such a GPU", fix)
    for host in hosts:
        yield from _waiting(host, [gpu for gpu in host.gpus if gpu.board in meant], setting)


def _waiting(host: Host, gpus: Sequence[Gpu], setting: Setting) -> Iterator[Diagnosis]:
    pending = ", ".join(gpu.address for gpu in gpus if gpu.mode == "pending")
    if pending and setting == "passthrough":
        said = f"{host.name}: passthrough of {pending} is enabled and not active yet"
        yield Diagnosis(_CHECK, "warning", said, "reboot the host, from maintenance mode")
    shared = ", ".join(gpu.address for gpu in gpus if gpu.mode == "shared")
    if shared and setting != "passthrough":
        said = f"{host.name}: graphics type of {shared} is Shared, which gives no vGPU"
        yield Diagnosis(_CHECK, "warning", said, "esxcli graphics host set --default-type SharedPassthru, and reboot")


def setting_of(request: GpuRequest) -> Setting:
    """Return what a GPU has to be set to for a request."""
    profile = parse_profile(request.profile) if request.profile else None
    if request.mig is not None or (profile is not None and "-" in profile.type_name):
        return "mig"
    return "vgpu" if request.share is not None or profile is not None else "passthrough"


def boards_of(request: GpuRequest) -> set[str]:
    """Return the names of the boards that a request could mean."""
    if request.profile is None:
        return {board.name for board in boards_called(str(request.board))}
    profile = parse_profile(request.profile)
    return {board.name for board in boards_of_types(profile.types)} if profile else set()
