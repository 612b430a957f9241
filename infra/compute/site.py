"""Where the machines of one environment stand: looked-up places of the vCenter, and a folder, pool and tags of ours."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_vsphere as vsphere


@dataclass(frozen=True)
class SiteArgs:
    """What a site is made from: names in vCenter, and the node pools that get a tag."""

    environment: str
    datacenter: str
    cluster: str
    datastore: str
    network: str
    template: str
    folder: str
    pools: tuple[str, ...]


class Site(pulumi.ComponentResource):
    """Folder, resource pool and tags of an environment, and the identifiers of what it uses.

    Outputs: `folder` (path for virtual machines), `resource_pool_id`, `datastore_id`, `network_id`, `template_id`,
    and `tag_ids` by pool name: the tags that a machine of the pool carries.
    """

    def __init__(self, name: str, args: SiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:compute:Site", name, None, opts)
        self._look_up(args)
        datacenter_id = self.datacenter_id
        self._folder = vsphere.Folder(
            args.folder,
            path=args.folder,
            type="vm",
            datacenter_id=datacenter_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.folder = self._folder.path
        resource_pool = vsphere.ResourcePool(
            args.folder,
            name=args.folder,
            parent_resource_pool_id=self._cluster.resource_pool_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.resource_pool_id = resource_pool.id
        self._tag(args)
        self.register_outputs({"folder": self.folder, "resourcePoolId": self.resource_pool_id})

    def _look_up(self, args: SiteArgs) -> None:
        options = pulumi.InvokeOutputOptions(parent=self)
        self.datacenter_id = vsphere.get_datacenter_output(name=args.datacenter, opts=options).id
        place = self.datacenter_id
        self._cluster = vsphere.get_compute_cluster_output(name=args.cluster, datacenter_id=place, opts=options)
        self.datastore_id = vsphere.get_datastore_output(name=args.datastore, datacenter_id=place, opts=options).id
        self.network_id = vsphere.get_network_output(name=args.network, datacenter_id=place, opts=options).id
        self.template_id = vsphere.get_virtual_machine_output(name=args.template, datacenter_id=place, opts=options).id

    def _tag(self, args: SiteArgs) -> None:
        """Make one tag for the environment and one per pool; tags are global in vCenter, so the category is ours."""
        category = vsphere.TagCategory(
            f"slipway-{args.environment}",
            name=f"slipway-{args.environment}",
            description=f"Machines of the Slipway environment {args.environment}",
            cardinality="MULTIPLE",
            associable_types=["VirtualMachine"],
            opts=pulumi.ResourceOptions(parent=self),
        )

        def tag(tag_name: str) -> vsphere.Tag:
            return vsphere.Tag(
                tag_name, name=tag_name, category_id=category.id, opts=pulumi.ResourceOptions(parent=category)
            )

        environment_tag = tag(f"environment-{args.environment}")
        self.tag_ids = {pool: [environment_tag.id, tag(f"pool-{pool}").id] for pool in args.pools}
