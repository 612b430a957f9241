"""The nodes of one pool, and the rule that keeps them on different hosts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_vsphere as vsphere

from infra.compute.node import Node, NodeArgs
from infra.model.gpu_boards import NVIDIA, boards
from infra.vsphere.provider.gpu_template import DynamicGpu, GpuTemplate, GpuTemplateArgs, VirtualGpu

if TYPE_CHECKING:
    from infra.compute.plan import PoolPlan
    from infra.compute.site import Site
    from infra.gpu.need import Need
    from infra.model.release import MachineTemplate


@dataclass(frozen=True)
class NodePoolArgs:
    """What a pool's machines are made from: the plan, the template's contract, the site, the notes on each machine.

    `identity` is the secret files that each of them is handed.
    """

    plan: PoolPlan
    template: MachineTemplate
    site: Site
    notes: str
    identity: pulumi.Output[str]


class NodePool(pulumi.ComponentResource):
    """All machines of a pool. Output: `uuids`, each machine's BIOS UUID by node name."""

    def __init__(self, name: str, args: NodePoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        plan = args.plan
        protection = pulumi.ResourceOptions(protect=plan.protected)
        super().__init__("slipway:compute:NodePool", name, None, pulumi.ResourceOptions.merge(opts, protection))
        template_id = self._gpu_template(args) if plan.gpu_template and plan.nodes else args.site.template_id
        nodes = {
            node.name: Node(
                node.name,
                NodeArgs(node, plan, args.template, args.site, args.notes, template_id, args.identity),
                pulumi.ResourceOptions(parent=self, protect=plan.protected),
            )
            for node in plan.nodes
        }
        if plan.anti_affinity is not None:
            vsphere.ComputeClusterVmAntiAffinityRule(
                plan.anti_affinity.name,
                name=plan.anti_affinity.name,
                compute_cluster_id=args.site.cluster_ids[plan.cluster],
                virtual_machine_ids=[node.machine_id for node in nodes.values()],
                mandatory=plan.anti_affinity.mandatory,
                opts=pulumi.ResourceOptions(parent=self, protect=False),
            )
        self.uuids = {name: node.uuid for name, node in nodes.items()}
        self.register_outputs({"uuids": self.uuids})

    def _gpu_template(self, args: NodePoolArgs) -> pulumi.Output[str]:
        """Make the template that carries the pool's GPUs, and return its UUID.

        Never delete-before-replace: the engine would take the pool's machines down with it.
        """
        plan, site = args.plan, args.site
        assert plan.gpu is not None  # noqa: S101 - a plan with a template's name has what it carries
        made = GpuTemplate(
            f"{plan.name}-gpus",
            GpuTemplateArgs(
                name=plan.gpu_template,
                folder=site.folder,
                datacenter=site.places.datacenter,
                base_template=site.places.template,
                resource_pool_id=site.resource_pool_ids[plan.cluster],
                devices=[_device(plan.gpu.need)] * plan.gpu.need.count,
                notes=args.notes,
                **site.storage,
            ),
            pulumi.ResourceOptions(parent=self, protect=False),
        )
        return made.uuid


def _device(need: Need) -> VirtualGpu | DynamicGpu:
    if need.kind == "vgpu":
        return VirtualGpu(need.profile)
    return DynamicGpu(NVIDIA, boards()[need.board].devices[0][0], need.label or None)
