"""Layer 2, wired: the API that answers, the nodes' settings, then one component after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_kubernetes import Provider

from infra.catalog import ROOT
from infra.charts.bundle import Bundle
from infra.cluster.bundle_check import check_bundle
from infra.cluster.gpu_operator import NAME as OPERATOR
from infra.cluster.plan import plan_cluster
from infra.cluster.settings import NOT_SECRET, SettingsMissing, missing_settings
from infra.cluster.wiring import ClusterComponent, ComponentArgs
from infra.model.gpu_kinds import RESOURCE
from infra.model.handover import ClusterHandover
from infra.vsphere.provider.cluster_resources import BootstrapToken, ClusterApi, NodeGpus, NodeSettings
from infra.vsphere.provider.registration import SlipwayProvider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.cluster.plan import ClusterPlan
    from infra.model.environment import Environment
    from infra.model.release import Release


def build(environment: Environment, release: Release, below: pulumi.Output[dict[str, Any]]) -> ClusterHandover:
    """Register the cluster layer's resources; `below` is what the compute layer hands over.

    Raises `SettingsMissing` when settings of the stack that components need are not there, `ChartsMissing` when charts
    are not to be had.
    """
    plan = plan_cluster(environment, release)
    settings = _settings(plan.settings)
    bundle = Bundle.of(ROOT, release)
    check_bundle(bundle, release, plan)
    kubeconfig: pulumi.Output[str] = pulumi.Output.secret(_text(below, "kubeconfig"))
    slipway = SlipwayProvider("slipway")
    api = ClusterApi("api", environment.name, kubeconfig, pulumi.ResourceOptions(provider=slipway))
    after_api = pulumi.ResourceOptions(provider=slipway, depends_on=[api])
    token: pulumi.Output[str] = pulumi.Output.secret(_text(below, "bootstrap_token"))
    joining = BootstrapToken("bootstrap-token", kubeconfig, token, after_api)
    after_token = pulumi.ResourceOptions(provider=slipway, depends_on=[joining])
    nodes = [
        NodeSettings(node.name, kubeconfig, _machine(below, node.name), node.labels, node.taints, after_token)
        for node in plan.nodes
    ]
    kubernetes = Provider(
        "kubernetes",
        kubeconfig=kubeconfig,
        cluster_identifier=environment.name,
        suppress_helm_hook_warnings=True,
        upsert_existing_objects=True,  # what a killed run made and did not record is taken over
        opts=pulumi.ResourceOptions(depends_on=[api], deleted_with=api),
    )
    made: dict[str, pulumi.Resource] = {}
    for component in plan.components:
        made[component.name] = ClusterComponent(
            component.name,
            ComponentArgs(component, bundle, _version(release, component.name), ROOT, settings, kubeconfig),
            pulumi.ResourceOptions(
                providers=[kubernetes, slipway],
                depends_on=[*nodes, *(made[name] for name in component.needs if name in made)],
            ),
        )
    if OPERATOR in made:
        after_operator = pulumi.ResourceOptions(provider=slipway, depends_on=[made[OPERATOR]])
        for node in plan.nodes:
            if node.gpus:
                machine = _machine(below, node.name)
                NodeGpus(node.name, kubeconfig, machine, RESOURCE, node.gpus, after_operator)
    return _handover(environment, plan, below, api)


def _version(release: Release, component: str) -> str:
    """Return the version of a component's chart, or nothing for one that has none."""
    chart = release.charts.get(component)
    return chart.version if chart is not None else ""


def _text(below: pulumi.Output[dict[str, Any]], name: str) -> pulumi.Output[str]:
    """Return one text of the hand-over below, shown as it is: the hand-over is secret as a whole."""
    return pulumi.Output.unsecret(below.apply(lambda handed: str(handed[name])))


def _machine(below: pulumi.Output[dict[str, Any]], node: str) -> pulumi.Output[str]:
    """Return the UUID of a node's virtual machine, or nothing when the layer below does not have it yet."""
    uuids = below.apply(lambda handed: {each["name"]: str(each["uuid"]) for each in handed["nodes"]})
    return pulumi.Output.unsecret(uuids.apply(lambda found: found.get(node, "")))


def _settings(names: tuple[str, ...]) -> Mapping[str, pulumi.Input[str]]:
    """Return the stack's settings that components need, secret but for user names. Raises `SettingsMissing`."""
    found: dict[str, pulumi.Input[str]] = {}
    for name in names:
        space, _, key = name.partition(":")
        config = pulumi.Config(space)
        value = config.get(key) if name in NOT_SECRET else config.get_secret(key)
        if value is not None:
            found[name] = value
    lines = missing_settings(pulumi.get_stack(), names, found)
    if lines:
        raise SettingsMissing(lines)
    return found


def _handover(
    environment: Environment, plan: ClusterPlan, below: pulumi.Output[dict[str, Any]], api: ClusterApi
) -> ClusterHandover:
    return ClusterHandover(
        environment=environment.name,
        api=_text(below, "api"),
        kubeconfig=pulumi.Output.secret(_text(below, "kubeconfig")),
        kubernetes=api.version,
        storage_classes=plan.storage_classes,
        default_storage_class=plan.default_storage_class,
        gateway=plan.gateway,
        cluster_issuer=plan.cluster_issuer,
        gpus=plan.gpus,
        queues=plan.queues,
        namespaces=plan.namespaces,
    )
