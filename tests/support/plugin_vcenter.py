"""What somebody else does in the simulated vCenter behind a plugin's back; runs inside a rehearsal.

Started with server, user, action and its arguments; the password comes on standard input, the answer goes out as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from pyVmomi import vim as untyped

from infra.catalog import ROOT
from infra.vsphere.provider.faults import finish
from infra.vsphere.provider.template_devices import device_additions, devices_of
from infra.vsphere.session import Credentials, find, vcenter_session
from rehearsal.layout import VCENTER_USER
from tests.support.plugin import server_of

if TYPE_CHECKING:
    from rehearsal.session import Rehearsal

vim: Any = untyped  # pyvmomi has no types


def behind_the_back(rehearsal: Rehearsal, action: str, *arguments: str) -> Any:
    """Do one of the actions below, inside a rehearsal, and return its answer."""
    command = [sys.executable, "-m", "tests.support.plugin_vcenter", server_of(rehearsal), VCENTER_USER, action]
    process = rehearsal.popen([*command, *arguments], env={"PYTHONPATH": str(ROOT)}, stdin=-1, stdout=-1, stderr=-1)
    out, err = process.communicate(rehearsal.layout.password_file.read_text(encoding="ascii"))
    assert process.returncode == 0, err
    return json.loads(out)


def seen(instance: Any, path: str) -> Any:
    """Return what a machine is: nothing, or its devices and settings."""
    machine = find(instance, path)
    if machine is None:
        return None
    config = machine.config
    return {
        "uuid": config.uuid,
        "template": config.template,
        "devices": devices_of(config.hardware.device),
        "notes": config.annotation,
        "mark": next((option.value for option in config.extraConfig if option.key == "slipway.gpuTemplate"), None),
        "datastore": machine.datastore[0].name,
        "drsOverrides": [entry.key._moId for entry in machine.runtime.host.parent.configurationEx.drsVmConfig or []],
        "moid": machine._moId,
    }


def take_devices(instance: Any, path: str) -> None:
    """Take every GPU from a template: turned into a machine, changed, turned back."""
    as_machine(instance, path)
    drop_gpus(instance, path)
    find(instance, path).MarkAsTemplate()


def drop_gpus(instance: Any, path: str) -> None:
    """Take every GPU from a machine that is off."""
    machine = find(instance, path)
    operation = vim.vm.device.VirtualDeviceSpec.Operation.remove
    changes = [
        vim.vm.device.VirtualDeviceSpec(operation=operation, device=device)
        for device in machine.config.hardware.device
        if isinstance(device, vim.vm.device.VirtualPCIPassthrough)
    ]
    finish(machine.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=changes)))


def as_machine(instance: Any, path: str) -> None:
    """Turn a template into a machine."""
    machine = find(instance, path)
    machine.MarkAsVirtualMachine(machine.runtime.host.parent.resourcePool, None)


def power_on(instance: Any, path: str) -> None:
    """Start a machine."""
    finish(find(instance, path).PowerOnVM_Task(None))


def power_off(instance: Any, path: str) -> None:
    """Switch a machine off."""
    finish(find(instance, path).PowerOffVM_Task())


def plug(instance: Any, path: str, way: str) -> None:
    """Plug a machine's network adapter in (`in`) or out (`out`)."""
    machine = find(instance, path)
    card = next(d for d in machine.config.hardware.device if isinstance(d, vim.vm.device.VirtualEthernetCard))
    card.connectable.connected = way == "in"
    change = vim.vm.device.VirtualDeviceSpec(operation=vim.vm.device.VirtualDeviceSpec.Operation.edit, device=card)
    finish(machine.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change])))


def move(instance: Any, path: str, folder: str) -> None:
    """Move a machine into another folder."""
    finish(find(instance, folder).MoveIntoFolder_Task([find(instance, path)]))


def rename(instance: Any, path: str, name: str) -> None:
    """Rename a machine."""
    finish(find(instance, path).Rename_Task(name))


def destroy(instance: Any, path: str) -> None:
    """Delete a machine."""
    finish(find(instance, path).Destroy_Task())


def clone(instance: Any, path: str, folder: str, name: str, template: str) -> None:
    """Clone a machine or template into a folder."""
    source = find(instance, path)
    location = vim.vm.RelocateSpec(pool=source.runtime.host.parent.resourcePool)
    spec = vim.vm.CloneSpec(location=location, powerOn=False, template=template == "template")
    finish(source.CloneVM_Task(find(instance, folder), name, spec))


def give_vgpu(instance: Any, path: str, profile: str) -> None:
    """Give a machine that is off a vGPU."""
    changes = device_additions([{"kind": "vgpu", "profile": profile}])
    finish(find(instance, path).ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=changes)))


_ACTIONS = {
    each.__name__: each
    for each in (
        *(seen, take_devices, drop_gpus, as_machine, power_on, power_off, plug, move, rename, destroy, clone),
        give_vgpu,
    )
}


def main() -> None:
    server, user, action, *arguments = sys.argv[1:]
    with vcenter_session(Credentials(server, user, sys.stdin.read())) as instance:
        print(json.dumps(_ACTIONS[action](instance, *arguments)))


if __name__ == "__main__":
    main()
