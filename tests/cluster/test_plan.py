"""What the cluster layer decides: components and their order, objects, what nodes are told, what is handed over."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from infra.charts.bundle import Bundle
from infra.cluster.plan import GPU_TAINT, ClusterPlan, plan_cluster
from infra.cluster.storage import with_replicas
from infra.components.bundle_check import ChartsMissing, check_bundle
from infra.components.settings import missing_settings
from infra.model.gpu_kinds import gpu_kinds
from tests.support.environments import CATALOG, DEV, PROD, RELEASE, STAGING, changed
from tests.support.plans import as_text, documents_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infra.components.component import Component
    from infra.model.environment import Environment

WHOLE_DEV, _ = CATALOG.load("dev")


def component(environment: Environment, name: str) -> Component:
    return next(each for each in plan_cluster(environment, RELEASE).components if each.name == name)


def names(environment: Environment) -> list[str]:
    return [each.name for each in plan_cluster(environment, RELEASE).components]


def written(plan: ClusterPlan) -> str:
    """Return everything of a plan as one text: components, and what nodes are told."""
    nodes = [{"name": n.name, "labels": n.labels, "taints": list(n.taints)} for n in plan.nodes]
    return as_text([*(each for c in plan.components for each in documents_of(c)), {"nodes": nodes}])


@pytest.mark.parametrize("environment", [WHOLE_DEV, PROD], ids=["dev", "prod"])
def test_everything_that_is_written(environment: Environment, golden: Callable[[str, str], None]) -> None:
    golden(f"cluster/{environment.name}.yaml", written(plan_cluster(environment, RELEASE)))


@pytest.mark.parametrize("environment", [WHOLE_DEV, STAGING, PROD], ids=["dev", "staging", "prod"])
def test_every_component_stands_after_those_it_needs_and_is_in_the_release(environment: Environment) -> None:
    plan = plan_cluster(environment, RELEASE)
    found = [each.name for each in plan.components]
    for index, each in enumerate(plan.components):
        assert set(each.needs) <= set(found[:index]), each.name
        assert not each.chart or each.name in RELEASE.charts
        assert not each.manifests or each.name in RELEASE.manifests


def test_optional_components_can_be_switched_off() -> None:
    off = {"storage": None, "certificates": None, "gateway": None, "metrics": False, "gpu": None, "queues": False}
    document = changed(WHOLE_DEV, {f"cluster.{key}": None for key in ("storage", "gateway")})
    data = document.model_dump(by_alias=True, mode="json", exclude_none=True)
    data["cluster"] |= off | {"signIn": None}
    quiet = type(document).model_validate(data)
    assert names(quiet) == ["cilium", "vsphere-cpi", "access", "teams"]


def test_without_gpus_nobody_looks_for_them() -> None:
    assert {"gpu-operator", "node-feature-discovery"} & set(names(DEV)) == set()
    assert {"gpu-operator", "node-feature-discovery"} <= set(names(WHOLE_DEV))


def test_nodes_with_gpus_keep_other_pods_away_unless_their_pool_says_how() -> None:
    nodes = {node.name: node for node in plan_cluster(WHOLE_DEV, RELEASE).nodes}
    assert nodes["dev-gpu-1"].taints == (GPU_TAINT,)
    assert {name: node.gpus for name, node in nodes.items() if node.gpus} == {"dev-gpu-1": 1}
    assert nodes["dev-gpu-1"].labels == {"slipway.dev/node-pool": "gpu", "slipway.dev/gpu": "l4-1of4"}
    assert (nodes["dev-cpu-1"].taints, nodes["dev-control-plane-1"].taints) == ((), ())
    own = {"key": "nvidia.com/gpu", "value": "mine", "effect": "NoExecute"}
    changed_pool = changed(WHOLE_DEV, {"nodePools.gpu.taints": [own]})
    assert {n.name: n for n in plan_cluster(changed_pool, RELEASE).nodes}["dev-gpu-1"].taints == (own,)


def test_gpus_of_one_kind_in_two_pools_are_one_kind() -> None:
    twice = changed(
        WHOLE_DEV,
        {"nodePools.more": {**WHOLE_DEV.node_pools["gpu"].model_dump(by_alias=True, mode="json"), "count": 3}},
    )
    kind = gpu_kinds(twice)["l4-1of4"]
    assert (kind.pools, kind.nodes, kind.count) == (("gpu", "more"), 4, 4)
    assert sorted(gpu_kinds(PROD)) == ["a100-pcie-80-2g.20gb", "h100-pcie", "h100-pcie-1of4"]


def test_a_registry_with_a_login_is_logged_in_to() -> None:
    found = component(changed(WHOLE_DEV, {"cluster.gpu.driverRegistryUser": "puller"}), "gpu-operator")
    assert found.values["driver"]["imagePullSecrets"] == ["driver-registry"]
    (secret,) = [each for each in found.secrets if each.name == "driver-registry"]
    assert secret.type == "kubernetes.io/dockerconfigjson"
    login = json.loads(secret.fill({"slipway:gpuRegistryPassword": "open"})[".dockerconfigjson"])
    both = base64.b64encode(b"puller:open").decode()
    assert login == {"auths": {"registry.example.internal": {"auth": both}}}


def test_software_for_gpus_tolerates_the_taints_of_their_pools() -> None:
    own = {"key": "example.com/batch", "effect": "NoExecute"}
    found = component(changed(WHOLE_DEV, {"nodePools.gpu.taints": [own]}), "gpu-operator")
    assert found.values["daemonsets"]["tolerations"] == [
        {"key": "example.com/batch", "operator": "Exists"},
        {"key": "nvidia.com/gpu", "operator": "Exists"},
    ]


def test_pods_are_made_anew_when_the_configuration_they_read_changes() -> None:
    path = "cluster.signIn.ldap.people.filter"
    before, after = component(PROD, "dex"), component(changed(PROD, {path: "(objectClass=user)"}), "dex")
    assert before.values["podAnnotations"] != after.values["podAnnotations"]
    assert component(changed(PROD, {"owner": "others"}), "dex").values == before.values


def test_as_many_storage_controllers_as_there_are_nodes_for_them() -> None:
    controller = {"kind": "Deployment", "metadata": {"name": "vsphere-csi-controller"}, "spec": {"replicas": 3}}
    assert with_replicas(controller, 1)["spec"] == {"replicas": 1}
    assert with_replicas(controller, 3) == controller
    other = {"kind": "Deployment", "metadata": {"name": "other"}, "spec": {"replicas": 3}}
    assert with_replicas(other, 1) is other


def test_every_missing_setting_is_said_with_its_command() -> None:
    wanted = plan_cluster(PROD, RELEASE).settings
    lines = missing_settings("prod.cluster", wanted, {"vsphere:user", "vsphere:password"})
    assert "\n".join(lines) == (
        "stacks/Pulumi.prod.cluster.yaml: slipway:acmeKey: not set (the TSIG key of cluster.certificates.acme); "
        "run: pulumi config set --secret slipway:acmeKey -s prod.cluster\n"
        "stacks/Pulumi.prod.cluster.yaml: slipway:ldapPassword: not set (the password of "
        "cluster.signIn.ldap.bindName); run: pulumi config set --secret slipway:ldapPassword -s prod.cluster\n"
        "stacks/Pulumi.prod.cluster.yaml: slipway:vgpuLicenceToken: not set (NVIDIA's client configuration token, "
        "which vGPUs are licensed with); run: pulumi config set --secret slipway:vgpuLicenceToken -s prod.cluster"
    )


def test_charts_that_are_not_there_are_said_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(ChartsMissing) as missing:
        check_bundle(Bundle.of(tmp_path, RELEASE), RELEASE, plan_cluster(DEV, RELEASE).components)
    assert str(missing.value) == (
        "bundles/2026.11.0: is not there; run where there is internet: ./slipway bundle 2026.11.0, and copy "
        "bundles/2026.11.0 here"
    )


def test_what_the_next_layers_are_told() -> None:
    plan = plan_cluster(PROD, RELEASE)
    assert (plan.storage_classes, plan.default_storage_class) == (("fast", "kept"), "fast")
    assert plan.gateway == {"namespace": "envoy-gateway-system", "name": "public", "domain": "prod.example.internal"}
    assert plan.queues == ("notebooks/team", "research/team", "serving/team")
    assert plan.gpus["h100-pcie"].count == 4
    assert plan.namespaces == {"research": ("notebooks", "research"), "serving": ("serving",)}
