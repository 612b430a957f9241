"""Storage policies, after internal/helper/spbm/spbm_helper.go: asked from the policy service beside vCenter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import pbm, vim, vmodl

from infra.vsphere.policies import policy_identifier
from rehearsal.vsphere_plugin.connection import Refused, fault_text

if TYPE_CHECKING:
    from rehearsal.vsphere_plugin.connection import Connection


def policy_by_name(connection: Connection, name: str) -> str:
    """Return the identifier of a storage policy. Raises `Refused` when there is none of that name."""
    identifier = policy_identifier(connection.profiles, name)
    if identifier is None:
        raise Refused(f'no pbm profile found with name: "{name}"')
    return identifier


def machine_policy(connection: Connection, machine: Any) -> str:
    """Return the identifier of the policy of a machine's home, or an empty text."""
    return _policy(connection, "virtualMachine", machine._moId)


def disk_policy(connection: Connection, machine: Any, disk: Any) -> str:
    """Return the identifier of the policy of a machine's disk, or an empty text."""
    return _policy(connection, "virtualDiskId", f"{machine._moId}:{disk.key}")


def _policy(connection: Connection, kind: str, key: str) -> str:
    try:
        found = connection.profiles.PbmQueryAssociatedProfile(pbm.ServerObjectRef(objectType=kind, key=key))
    except (vim.fault.VimFault, vmodl.RuntimeFault) as fault:
        raise Refused(f"{key}: {fault_text(fault)}") from None
    return str(found[0].uniqueId) if found else ""
