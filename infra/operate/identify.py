"""Whether vCenter has what a killed create was making, and under which identifier the plugin would know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.operate.interrupted import (
    ANTI_AFFINITY_RULE,
    DRS_OVERRIDE,
    FOLDER,
    PORT_GROUP,
    RESOURCE_POOL,
    TAG,
    TAG_CATEGORY,
)
from infra.vsphere.lookup import identifier_at, override_identifier, pool_identifier, rule_identifier
from infra.vsphere.tagging import category_id, tag_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.operate.interrupted import PendingOperation
    from infra.vsphere.session import Credentials, VCenter


def identifier_of(
    vcenter: VCenter, credentials: Credentials, datacenter: str, operation: PendingOperation
) -> str | None:
    """Return the identifier of what a pending operation is about, or None when it isn't there.

    Virtual machines are no business of this: they are adopted with their devices, or removed.
    """
    name, inputs = operation.name, operation.inputs
    ways: dict[str, Callable[[], str | None]] = {
        FOLDER: lambda: identifier_at(vcenter, f"/{datacenter}/vm/{name}"),
        PORT_GROUP: lambda: identifier_at(vcenter, f"/{datacenter}/network/{name}"),
        RESOURCE_POOL: lambda: pool_identifier(vcenter, inputs["parentResourcePoolId"], name),
        ANTI_AFFINITY_RULE: lambda: rule_identifier(vcenter, inputs["computeClusterId"], name),
        DRS_OVERRIDE: lambda: override_identifier(vcenter, inputs["computeClusterId"], inputs["virtualMachineId"]),
        TAG_CATEGORY: lambda: category_id(credentials, name),
        TAG: lambda: tag_id(credentials, inputs["categoryId"], name),
    }
    way = ways.get(operation.kind)
    return None if way is None else way()
