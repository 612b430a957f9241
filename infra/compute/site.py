"""Where the machines of one environment stand: places that are looked up; folder, pools, tags that are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_vsphere as vsphere

if TYPE_CHECKING:
    from infra.model.site import VCenter


@dataclass(frozen=True)
class SiteArgs:
    """What a site is made from: the places that the document names; clusters, tags and pinned hosts that are used."""

    environment: str
    places: VCenter
    clusters: tuple[str, ...]
    tags: tuple[str, ...]
    hosts: tuple[str, ...] = ()


class Site(pulumi.ComponentResource):
    """Folder, resource pools, port group and tags of an environment, and the identifiers of what it uses.

    Outputs: `folder` (path for virtual machines), by name of a cluster `cluster_ids` and `resource_pool_ids`,
    `host_ids` by name of a host that nodes are pinned to, `storage` (arguments of a virtual machine), `policy_id` (None
    without one), `network_id`, `template_id`, and `tag_ids` by name of a tag.
    """

    def __init__(self, name: str, args: SiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:compute:Site", name, None, opts)
        self._lookup = pulumi.InvokeOutputOptions(parent=self)
        self._child = pulumi.ResourceOptions(parent=self)
        places = self.places = args.places
        self._datacenter_id = vsphere.get_datacenter_output(name=places.datacenter, opts=self._lookup).id
        folder = vsphere.Folder(
            places.folder, path=places.folder, type="vm", datacenter_id=self._datacenter_id, opts=self._child
        )
        self.folder = folder.path
        self._clusters(args)
        self._storage(places)
        self.network_id = self._network(places)
        self.template_id = vsphere.get_virtual_machine_output(
            name=places.template, datacenter_id=self._datacenter_id, opts=self._lookup
        ).id
        self.host_ids: dict[str, pulumi.Output[str]] = {
            host: vsphere.get_host_output(name=host, datacenter_id=self._datacenter_id, opts=self._lookup).id
            for host in args.hosts
        }
        self._tags(args)
        self.register_outputs({"folder": self.folder, "resourcePoolIds": self.resource_pool_ids})

    def _clusters(self, args: SiteArgs) -> None:
        """Make a resource pool in every cluster that is used."""
        self.cluster_ids: dict[str, pulumi.Output[str]] = {}
        self.resource_pool_ids: dict[str, pulumi.Output[str]] = {}
        for cluster in args.clusters:
            found = vsphere.get_compute_cluster_output(
                name=cluster, datacenter_id=self._datacenter_id, opts=self._lookup
            )
            pool = vsphere.ResourcePool(
                cluster,
                name=args.places.folder,
                parent_resource_pool_id=found.resource_pool_id,
                opts=self._child,
            )
            self.cluster_ids[cluster] = found.id
            self.resource_pool_ids[cluster] = pool.id

    def _storage(self, places: VCenter) -> None:
        storage, place = places.storage, self._datacenter_id
        self.storage: dict[str, pulumi.Output[str]]
        if storage.datastore_cluster is not None:
            cluster = vsphere.get_datastore_cluster_output(
                name=storage.datastore_cluster, datacenter_id=place, opts=self._lookup
            )
            self.storage = {"datastore_cluster_id": cluster.id}
        else:
            datastore = vsphere.get_datastore_output(
                name=str(storage.datastore), datacenter_id=place, opts=self._lookup
            )
            self.storage = {"datastore_id": datastore.id}
        self.policy_id: pulumi.Output[str] | None = None
        if storage.policy is not None:
            self.policy_id = vsphere.get_policy_output(name=storage.policy, opts=self._lookup).id

    def _network(self, places: VCenter) -> pulumi.Output[str]:
        wanted = places.create_port_group
        if wanted is None:
            found = vsphere.get_network_output(
                name=places.network, datacenter_id=self._datacenter_id, opts=self._lookup
            )
            existing: pulumi.Output[str] = found.id
            return existing
        switch = vsphere.get_distributed_virtual_switch_output(
            name=wanted.distributed_switch, datacenter_id=self._datacenter_id, opts=self._lookup
        )
        made = vsphere.DistributedPortGroup(
            places.network,
            name=places.network,
            distributed_virtual_switch_uuid=switch.id,
            vlan_id=wanted.vlan,
            opts=self._child,
        )
        identifier: pulumi.Output[str] = made.id
        return identifier

    def _tags(self, args: SiteArgs) -> None:
        """Make the environment's tags; tags are global in vCenter, so the category is the environment's own."""
        category = vsphere.TagCategory(
            f"slipway-{args.environment}",
            name=f"slipway-{args.environment}",
            description=f"Machines of the Slipway environment {args.environment}",
            cardinality="MULTIPLE",
            associable_types=["VirtualMachine"],
            opts=self._child,
        )
        self.tag_ids = {
            tag: vsphere.Tag(tag, name=tag, category_id=category.id, opts=pulumi.ResourceOptions(parent=category)).id
            for tag in args.tags
        }
