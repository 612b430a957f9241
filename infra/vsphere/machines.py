"""The virtual machines of one environment as vCenter has them, and the little that recovery does to them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from infra.errors import StepFailed
from infra.guest_info import ENCODING, METADATA, NODE_STATE, unpacked
from infra.vsphere.reading import Reader
from infra.vsphere.session import find

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.vsphere.session import VCenter

_PATHS = [
    "name",
    "config.uuid",
    "config.template",
    "config.extraConfig",
    "config.hardware.numCPU",
    "config.hardware.memoryMB",
    "runtime.powerState",
    "runtime.host",
    "guest.ipAddress",
]
_POLL_SECONDS = 0.1
_LONGEST_TASK = 3600  # seconds


@dataclass(frozen=True)
class FoundMachine:
    """A virtual machine in an environment's folder.

    `cpus`, `memory_mib`, `powered_on`, `address` (None without running guest tools), `host` the name of the host that
    runs it, `first_boot_name` the host name in its first-boot documents (None when it has none yet), `node_state` what
    it tells of its way into the cluster ("" for nothing), `reference` vCenter's own object.
    """

    name: str
    uuid: str
    cpus: int
    memory_mib: int
    powered_on: bool
    address: str | None
    host: str | None
    first_boot_name: str | None
    node_state: str
    reference: Any


def machines_in_folder(instance: VCenter, datacenter: str, folder: str) -> list[FoundMachine]:
    """Return the machines directly in a folder of virtual machines, by name; none when the folder isn't there.

    Three requests, whatever their number.
    """
    found = find(instance, f"/{datacenter}/vm/{folder}")
    if not isinstance(found, vim.Folder):
        return []
    objects = [child for child in found.childEntity if isinstance(child, vim.VirtualMachine)]
    return sorted(_read(instance, objects), key=lambda machine: machine.name)


def wait_for_clones(instance: VCenter, datacenter: str, template: str) -> int:
    """Wait until no clone of a template runs any more, and return how many there were.

    A clone goes on in vCenter when the run that asked for it was killed, and keeps its name from the start. Raises
    `StepFailed` for one that takes over an hour.
    """
    source = find(instance, f"/{datacenter}/vm/{template}")
    tasks = [task for task in (source.recentTask if source else []) if _is_running_clone(task)]
    for task in tasks:
        _wait(task, f"a clone of {template}")
    return len(tasks)


def wait_until_idle(machine: FoundMachine) -> None:
    """Wait until no task of vCenter works on a machine: a killed engine's plugin may still be at it."""
    for task in machine.reference.recentTask:
        _wait(task, f"a task on {machine.name}")


def power_on(machine: FoundMachine) -> None:
    """Power a machine on and wait for it. Raises `StepFailed` with vCenter's reason."""
    _finish(machine.reference.PowerOnVM_Task(None), f"power on {machine.name}")


def remove(machine: FoundMachine) -> None:
    """Switch a machine off and delete it with its disks. Raises `StepFailed` with vCenter's reason."""
    if machine.powered_on:
        _finish(machine.reference.PowerOffVM_Task(), f"power off {machine.name}")
    _finish(machine.reference.Destroy_Task(), f"remove {machine.name}")


def _finish(task: Any, step: str) -> None:
    _wait(task, step)
    if task.info.state == vim.TaskInfo.State.error:
        error = task.info.error
        raise StepFailed(step, error.msg or type(error).__name__.rpartition(".")[2])


def _wait(task: Any, subject: str) -> None:
    deadline = time.monotonic() + _LONGEST_TASK
    while task.info.state in (vim.TaskInfo.State.running, vim.TaskInfo.State.queued):
        if time.monotonic() > deadline:
            raise StepFailed(subject, "still runs after an hour; look at vCenter's recent tasks")
        time.sleep(_POLL_SECONDS)


def _read(instance: VCenter, objects: list[Any]) -> Iterator[FoundMachine]:
    reader = Reader(instance)
    answers = reader.of(objects, vim.VirtualMachine, _PATHS)
    hosts = {values["runtime.host"] for _, values in answers if "runtime.host" in values}
    named = dict(reader.of(list(hosts), vim.HostSystem, ["name"]))
    for found, values in answers:
        if "config.uuid" not in values or values.get("config.template"):
            continue  # being made, or not to be read: vCenter has no configuration of it; or a template with GPUs
        yield FoundMachine(
            name=values["name"],
            uuid=values["config.uuid"],
            cpus=values["config.hardware.numCPU"],
            memory_mib=values["config.hardware.memoryMB"],
            powered_on=values["runtime.powerState"] == vim.VirtualMachine.PowerState.poweredOn,
            address=values.get("guest.ipAddress"),
            host=named.get(values.get("runtime.host"), {}).get("name"),
            first_boot_name=_first_boot_name(values.get("config.extraConfig", [])),
            node_state=next((o.value for o in values.get("config.extraConfig", []) if o.key == NODE_STATE), ""),
            reference=found,
        )


def _first_boot_name(options: Iterable[Any]) -> str | None:
    values = {option.key: option.value for option in options}
    if values.get(f"{METADATA}.encoding") != ENCODING or not values.get(METADATA):
        return None
    try:
        name: str = json.loads(unpacked(values[METADATA]))["local-hostname"]
    except (ValueError, KeyError):
        return None  # a stranger's documents
    return name


def _is_running_clone(task: Any) -> bool:
    info = task.info
    return info.descriptionId == "VirtualMachine.clone" and info.state in (
        vim.TaskInfo.State.running,
        vim.TaskInfo.State.queued,
    )
