"""What is refused before anything is done: pure checks of inputs and changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.vsphere_plugin.connection import Refused
from rehearsal.vsphere_plugin.differences import behaviour, tokens
from rehearsal.vsphere_plugin.names import refused_inputs
from rehearsal.vsphere_plugin.schema import input_types

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.values import Properties


def check_token(token: str) -> None:
    """Raise `Refused` for a kind of resource that is not served."""
    if token not in tokens():
        raise Refused(
            f"the vSphere plugin for rehearsals does not serve {token}; it serves {', '.join(sorted(tokens()))}"
        )


def input_problems(token: str, inputs: Properties) -> dict[str, str]:
    """Return what is wrong with the inputs of a resource, by property path."""
    return refused_inputs(token, inputs, input_types(token), set(behaviour(token)))


def check_change(token: str, state: Properties, inputs: Properties) -> None:
    """Raise `Refused` for a change that the official plugin refuses in a preview already."""
    if not token.endswith(":VirtualMachine"):
        return
    for old, new in zip(state.get("disks", []), inputs.get("disks", []), strict=False):
        if isinstance(new.get("size"), int) and new["size"] < old["size"]:
            raise Refused(
                f'disk.0: virtual disk "{new["label"]}": virtual disks cannot be shrunk '
                f"(old: {old['size']} new: {new['size']})"
            )
    old_version, new_version = state.get("hardwareVersion"), inputs.get("hardwareVersion")
    if isinstance(old_version, int) and isinstance(new_version, int) and new_version < old_version:
        raise Refused(
            f"cannot downgrade virtual machine hardware version, current: {old_version}, target: {new_version}"
        )
