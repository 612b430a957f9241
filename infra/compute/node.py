"""One node: its virtual machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_vsphere as vsphere

from infra.guest_info import IDENTITY, METADATA, USER_DATA

if TYPE_CHECKING:
    from infra.compute.plan import NodePlan, PoolPlan
    from infra.compute.site import Site
    from infra.model.release import MachineTemplate

# What a node was first booted with is not changed on a living node: the pool's roll trigger replaces it on purpose.
FIRST_BOOT_PROPERTIES = [
    *(f'extraConfig["{key}{part}"]' for key in (METADATA, USER_DATA) for part in ("", ".encoding")),
    f'extraConfig["{IDENTITY}"]',
    "clone.templateUuid",
]


@dataclass(frozen=True)
class NodeArgs:
    """What a node is made from: its plan, its pool's, the template's contract, the site, the notes.

    `template_id` is the UUID of the template that it is cloned from, `identity` the secret files that it is handed.
    """

    plan: NodePlan
    pool: PoolPlan
    template: MachineTemplate
    site: Site
    notes: str
    template_id: pulumi.Output[str]
    identity: pulumi.Output[str]


class Node(pulumi.ComponentResource):
    """A node. Outputs: `uuid`, the machine's BIOS UUID, and `machine_id`.

    Protection is the node's: the engine then refuses to remove it, and may still make its machine anew.
    """

    def __init__(self, name: str, args: NodeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:compute:Node", name, None, opts)
        machine = self._machine(name, args)
        if args.plan.seat is not None:
            vsphere.DrsVmOverride(
                name,
                compute_cluster_id=args.site.cluster_ids[args.pool.cluster],
                virtual_machine_id=machine.id,
                drs_enabled=False,  # it can't leave its host
                opts=pulumi.ResourceOptions(parent=self, protect=False),
            )
        self.uuid = machine.uuid
        self.machine_id = machine.id
        self.register_outputs({"uuid": self.uuid})

    def _machine(self, name: str, args: NodeArgs) -> vsphere.VirtualMachine:
        pool, template, site = args.pool, args.template, args.site
        gpus = _gpu_arguments(args)
        policy = {} if site.policy_id is None else {"storage_policy_id": site.policy_id}
        return vsphere.VirtualMachine(
            name,
            name=name,
            annotation=args.notes,
            folder=site.folder,
            resource_pool_id=site.resource_pool_ids[pool.cluster],
            **site.storage,
            **policy,
            **gpus,
            num_cpus=pool.cpus,
            memory=pool.memory_mib,
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
            clone={"template_uuid": args.template_id},
            disks=[
                {"label": disk.label, "size": disk.size_gib, "unit_number": disk.unit, "thin_provisioned": True}
                | policy
                for disk in pool.disks
            ],
            network_interfaces=[{"network_id": site.network_id, "adapter_type": "vmxnet3"}],
            extra_config={**args.plan.extra_configuration(), IDENTITY: args.identity},
            tags=[site.tag_ids[tag] for tag in pool.tags],
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=False,  # the node is what is protected
                delete_before_replace=True,  # name and address are unique, so old and new can't stand side by side
                ignore_changes=FIRST_BOOT_PROPERTIES,
                replacement_trigger=args.plan.roll_trigger,
            ),
        )


def _gpu_arguments(args: NodeArgs) -> dict[str, Any]:
    """Return what a machine with GPUs has besides: all its memory reserved, and with passthrough host and devices."""
    if args.pool.gpu is None:
        return {}
    found: dict[str, Any] = {
        "memory_reservation": args.pool.memory_reservation_mib,
        "memory_reservation_locked_to_max": True,
    }
    if args.plan.seat is not None:
        seat = args.plan.seat
        found |= {"host_system_id": args.site.host_ids[seat.host], "pci_device_ids": list(seat.devices)}
    return found
