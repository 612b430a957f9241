"""The virtual machines of one node pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_vsphere as vsphere

from infra.guest_info import METADATA, USER_DATA

if TYPE_CHECKING:
    from infra.compute.plan import NodePlan, PoolPlan
    from infra.compute.site import Site
    from infra.model.release import MachineTemplate

# What a node was first booted with is not changed on a living node: the pool's roll trigger replaces it on purpose.
FIRST_BOOT_PROPERTIES = [
    *(f'extraConfig["{key}{part}"]' for key in (METADATA, USER_DATA) for part in ("", ".encoding")),
    "clone.templateUuid",
]


@dataclass(frozen=True)
class NodePoolArgs:
    """What a pool's machines are made from: the plan, the template's facts, the site, the notes on each machine."""

    plan: PoolPlan
    template: MachineTemplate
    site: Site
    notes: str


class NodePool(pulumi.ComponentResource):
    """All machines of a pool. Output: `uuids`, each machine's BIOS UUID by node name."""

    def __init__(self, name: str, args: NodePoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:compute:NodePool", name, None, opts)
        self.uuids = {node.name: self._machine(node, args).uuid for node in args.plan.nodes}
        self.register_outputs({"uuids": self.uuids})

    def _machine(self, node: NodePlan, args: NodePoolArgs) -> vsphere.VirtualMachine:
        plan, template, site = args.plan, args.template, args.site
        return vsphere.VirtualMachine(
            node.name,
            name=node.name,
            annotation=args.notes,
            folder=site.folder,
            resource_pool_id=site.resource_pool_id,
            datastore_id=site.datastore_id,
            num_cpus=plan.cpus,
            memory=plan.memory_mib,
            guest_id=template.guest_id,
            firmware=template.firmware,
            hardware_version=template.hardware_version,
            scsi_type="pvscsi",
            enable_disk_uuid=True,  # the vSphere CSI driver finds disks by it
            ept_rvi_mode="automatic",  # this and the next three: unset, every preview shows a change that
            hv_mode="hvAuto",  # also restarts the machine
            swap_placement_policy="inherit",
            sync_time_with_host=True,
            wait_for_guest_net_timeout=0,  # a machine without running guest tools must not hold up the run
            wait_for_guest_ip_timeout=0,
            clone={"template_uuid": site.template_id},
            disks=[{"label": "disk0", "size": plan.disk_gib, "thin_provisioned": True}],
            network_interfaces=[{"network_id": site.network_id, "adapter_type": "vmxnet3"}],
            extra_config=node.extra_configuration(),
            tags=site.tag_ids[plan.name],
            opts=pulumi.ResourceOptions(
                parent=self,
                delete_before_replace=True,  # name and address are unique, so old and new can't stand side by side
                ignore_changes=FIRST_BOOT_PROPERTIES,
                replacement_trigger=plan.roll_trigger,
            ),
        )
