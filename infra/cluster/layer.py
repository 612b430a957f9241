"""Layer 2, wired: the API that answers, the nodes' settings, then one component after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from infra.cluster.gpu_operator import NAME as OPERATOR
from infra.cluster.plan import plan_cluster
from infra.components.layer import lay_ground, make_components, text_of
from infra.model.gpu_kinds import RESOURCE
from infra.model.handover import ClusterHandover
from infra.vsphere.provider.cluster_resources import BootstrapToken, NodeGpus, NodeSettings

if TYPE_CHECKING:
    from infra.cluster.plan import ClusterPlan
    from infra.components.layer import Below, Ground
    from infra.model.environment import Environment
    from infra.model.release import Release


def build(environment: Environment, release: Release, below: Below) -> ClusterHandover:
    """Register the cluster layer's resources; `below` is what the compute layer hands over.

    Raises `SettingsMissing` when settings of the stack that components need are not there, `ChartsMissing` when charts
    are not to be had.
    """
    plan = plan_cluster(environment, release)
    ground = lay_ground(environment, release, plan, below)
    after_api = pulumi.ResourceOptions(provider=ground.slipway, depends_on=[ground.api])
    token: pulumi.Output[str] = pulumi.Output.secret(text_of(below, "bootstrap_token"))
    joining = BootstrapToken("bootstrap-token", ground.kubeconfig, token, after_api)
    after_token = pulumi.ResourceOptions(provider=ground.slipway, depends_on=[joining])
    nodes = [
        NodeSettings(node.name, ground.kubeconfig, _machine(below, node.name), node.labels, node.taints, after_token)
        for node in plan.nodes
    ]
    made = make_components(plan, ground, nodes)
    if OPERATOR in made:
        after_operator = pulumi.ResourceOptions(provider=ground.slipway, depends_on=[made[OPERATOR]])
        for node in plan.nodes:
            if node.gpus:
                machine = _machine(below, node.name)
                NodeGpus(node.name, ground.kubeconfig, machine, RESOURCE, node.gpus, after_operator)
    return _handover(environment, plan, below, ground)


def _machine(below: Below, node: str) -> pulumi.Output[str]:
    """Return the UUID of a node's virtual machine, or nothing when the layer below does not have it yet."""
    uuids = below.apply(lambda handed: {each["name"]: str(each["uuid"]) for each in handed["nodes"]})
    return pulumi.Output.unsecret(uuids.apply(lambda found: found.get(node, "")))


def _handover(environment: Environment, plan: ClusterPlan, below: Below, ground: Ground) -> ClusterHandover:
    return ClusterHandover(
        environment=environment.name,
        api=text_of(below, "api"),
        kubeconfig=ground.kubeconfig,
        kubernetes=ground.api.version,
        storage_classes=plan.storage_classes,
        default_storage_class=plan.default_storage_class,
        gateway=plan.gateway,
        cluster_issuer=plan.cluster_issuer,
        gpus=plan.gpus,
        queues=plan.queues,
        namespaces=plan.namespaces,
        secrets=ground.secrets(plan.handed),
    )
