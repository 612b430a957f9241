"""Layer 1, wired: site, then one node pool after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_vsphere as vsphere

from infra.catalog import ROOT
from infra.compute.node_boot import identity_archive
from infra.compute.node_pool import NodePool, NodePoolArgs
from infra.compute.plan import plan_compute
from infra.compute.site import Site, SiteArgs
from infra.errors import MissingConfig
from infra.gpu.lock import lock_path, valid_lock
from infra.identity import server_url
from infra.model.environment import CONTROL_PLANE
from infra.model.handover import ComputeHandover, Node
from infra.vsphere.provider.cluster_identity import ClusterIdentity
from infra.vsphere.provider.registration import SlipwayProvider, VCenterLogin

if TYPE_CHECKING:
    from infra.compute.plan import ComputePlan, PoolPlan
    from infra.model.environment import Environment
    from infra.model.release import Release


def build(environment: Environment, release: Release, below: None) -> ComputeHandover:
    """Register the compute layer's resources; nothing lies below it.

    Reads `vsphere:user` and the secret `vsphere:password` of the stack, and for GPUs the placement lock. Raises
    `MissingConfig` when one is not set, `NotPossibleHere` when the lock is missing or stale.
    """
    del below
    lock = valid_lock(lock_path(ROOT, environment.name), environment)
    plan = plan_compute(environment, release, lock)
    options = pulumi.ResourceOptions(providers=_providers(environment))
    cluster = ClusterIdentity(environment.name, environment.name, str(environment.network.api_address), options)
    site = Site(
        environment.name,
        SiteArgs(environment.name, environment.vcenter, plan.clusters, plan.tags, plan.hosts),
        options,
    )
    pools = {
        pool.name: NodePool(
            pool.name,
            NodePoolArgs(pool, release.machine_template, site, plan.notes, _secret_files(environment, cluster, pool)),
            options,
        )
        for pool in plan.pools
    }
    return _handover(environment, plan, pools, cluster)


def _secret_files(environment: Environment, cluster: ClusterIdentity, pool: PoolPlan) -> pulumi.Output[str]:
    """Return what the nodes of a pool are handed of the cluster's identity; secret."""
    control_plane = pool.name == CONTROL_PLANE
    return cluster.identity.apply(lambda identity: identity_archive(environment, identity, control_plane=control_plane))


def _providers(environment: Environment) -> list[pulumi.ProviderResource]:
    config = pulumi.Config("vsphere")
    stack = pulumi.get_stack()
    user = config.get("user")
    if not user:
        raise MissingConfig(stack, "vsphere:user", f"pulumi config set vsphere:user NAME -s {stack}")
    password = config.get_secret("password")
    if password is None:
        raise MissingConfig(stack, "vsphere:password", f"pulumi config set --secret vsphere:password -s {stack}")
    server = environment.vcenter.server
    official = vsphere.Provider(
        "vcenter", vsphere_server=server, user=user, password=password, allow_unverified_ssl=False
    )
    return [official, SlipwayProvider("slipway", VCenterLogin(server, user, password))]


def _handover(
    environment: Environment, plan: ComputePlan, pools: dict[str, NodePool], cluster: ClusterIdentity
) -> ComputeHandover:
    nodes = tuple(
        Node(name=node.name, pool=pool.name, address=node.address, uuid=pools[pool.name].uuids[node.name])
        for pool in plan.pools
        for node in pool.nodes
    )
    return ComputeHandover(
        environment=environment.name,
        server=environment.vcenter.server,
        datacenter=environment.vcenter.datacenter,
        folder=environment.vcenter.folder,
        nodes=nodes,
        api=server_url(str(environment.network.api_address)),
        kubeconfig=cluster.admin_kubeconfig,
        bootstrap_token=cluster.identity.apply(lambda identity: identity.bootstrap_token),
    )
