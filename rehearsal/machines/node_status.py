"""What a kubelet says of its node, pure: addresses, size, conditions, GPUs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.machines.description import Description

GPU = "nvidia.com/gpu"
_PODS = 110
_RESERVED_MIB = 1024  # what the system and the kubelet keep, with what is left free before pods are evicted
_DISK = "40Gi"  # played: nobody asks how much is used
_WELL = {
    "MemoryPressure": "KubeletHasSufficientMemory",
    "DiskPressure": "KubeletHasNoDiskPressure",
    "PIDPressure": "KubeletHasSufficientPID",
}


@dataclass(frozen=True)
class Facts:
    """What a node's status depends on: its address, the kubelet's version, and what other programs have done on it.

    These are: a network plugin is configured, a device plugin has registered.
    """

    address: str
    version: str
    network: bool
    device_plugin: bool


def node_status(name: str, machine: Description, facts: Facts, before: dict[str, Any], now: str) -> dict[str, Any]:
    """Return the status of a node; `before` is what the API tells of it."""
    conditions = [_condition(kind, "False", reason, "", before, now) for kind, reason in _WELL.items()]
    if facts.network:
        conditions.append(_condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", before, now))
    else:
        conditions.append(_condition("Ready", "False", "KubeletNotReady", "no network plugin yet", before, now))
    return {
        "addresses": [{"type": "InternalIP", "address": facts.address}, {"type": "Hostname", "address": name}],
        **_resources(machine, facts, before),
        "conditions": conditions,
        "nodeInfo": {
            "machineID": machine.uuid.replace("-", ""),
            "systemUUID": machine.uuid,
            "bootID": "",
            "kernelVersion": "played",
            "osImage": "played by a Slipway rehearsal",
            "containerRuntimeVersion": "played://0",
            "kubeletVersion": facts.version,
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": "amd64",
        },
    }


def differs(before: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether the API tells something else than what is wanted, times of heartbeats aside."""
    return _gist(before) != _gist(wanted)


def _resources(machine: Description, facts: Facts, before: dict[str, Any]) -> dict[str, Any]:
    """Return capacity and what pods may have of it.

    GPUs are there once a device plugin has registered. When it goes they stay in the capacity, and none may be had: a
    real kubelet takes them from the capacity too, five minutes later.
    """
    size = machine.hardware
    common = {"cpu": str(size.cpus), "pods": str(_PODS), "ephemeral-storage": _DISK}
    capacity = {**common, "memory": _quantity(size.memory_mib)}
    allocatable = {**common, "memory": _quantity(max(size.memory_mib - _RESERVED_MIB, 0))}
    if size.gpus and facts.device_plugin:
        capacity[GPU] = allocatable[GPU] = str(len(size.gpus))
    elif GPU in before.get("capacity", {}):
        capacity[GPU], allocatable[GPU] = before["capacity"][GPU], "0"
    return {"capacity": capacity, "allocatable": allocatable}


def _quantity(mib: int) -> str:
    """Return an amount of memory as the API writes it, or it would seem to differ ever after."""
    return f"{mib // 1024}Gi" if mib % 1024 == 0 else f"{mib}Mi"


def _condition(kind: str, status: str, reason: str, message: str, before: dict[str, Any], now: str) -> dict[str, Any]:
    was: dict[str, Any] = next((each for each in before.get("conditions", []) if each["type"] == kind), {})
    since = was.get("lastTransitionTime", now) if was.get("status") == status else now
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastHeartbeatTime": now,
        "lastTransitionTime": since,
    }


def _gist(status: dict[str, Any]) -> tuple[object, ...]:
    conditions = {each["type"]: (each["status"], each.get("reason")) for each in status.get("conditions", [])}
    own = {kind: conditions.get(kind) for kind in ("Ready", *_WELL)}
    return own, status.get("capacity"), status.get("allocatable"), status.get("addresses"), status.get("nodeInfo")
