"""Dev's machines with what runs on them: every effect appears with its cause, and is not there without it."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rehearsal.session import rehearsing
from tests.machines.cluster import Cluster, condition, is_ready, until
from tests.machines.objects import IMAGE, account, definition, pod_spec, workload
from tests.support.checkout import Checkout
from tests.support.commands import slipway
from tests.support.state import machines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.session import Rehearsal

pytestmark = pytest.mark.rehearsal
GPU_NODE = "dev-gpu-1"
GPU = "nvidia.com/gpu"
SYSTEM, NFD, OPERATOR = "kube-system", "node-feature-discovery", "gpu-operator"
UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"
PCI_LABEL, PRESENT_LABEL = "feature.node.kubernetes.io/pci-10de.present", "nvidia.com/gpu.present"
CONTROL_PLANE = {"node-role.kubernetes.io/control-plane": ""}
ORDINARY = workload("DaemonSet", "ordinary", "default")
CILIUM = workload("DaemonSet", "cilium", SYSTEM, hostNetwork=True)
CLOUD_PROVIDER = [
    *account("vsphere-cpi", SYSTEM),
    workload("DaemonSet", "vsphere-cpi", SYSTEM, "vsphere-cpi", hostNetwork=True, nodeSelector=CONTROL_PLANE),
]
FEATURE_WORKER = workload("DaemonSet", "node-feature-discovery-worker", NFD, "nfd")
FEATURE_DISCOVERY = [
    *account("nfd", NFD),
    FEATURE_WORKER,
    workload("Deployment", "node-feature-discovery-master", NFD, "nfd"),
]
GPU_OPERATOR = [*account("gpu-operator", OPERATOR), workload("Deployment", "gpu-operator", OPERATOR, "gpu-operator")]
POLICY = {"apiVersion": "nvidia.com/v1", "kind": "ClusterPolicy", "metadata": {"name": "cluster-policy"}, "spec": {}}
DEFINITIONS = [
    definition("NodeFeature", "nodefeatures.nfd.k8s-sigs.io", "v1alpha1", "Namespaced"),
    definition("ClusterPolicy", "clusterpolicies.nvidia.com", "v1", "Cluster"),
    *({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in (NFD, OPERATOR)),
]


def gpus(cluster: Cluster, key: str = "allocatable") -> str:
    return str(cluster.nodes()[GPU_NODE]["status"][key].get(GPU, ""))


def labels(cluster: Cluster, node: str = GPU_NODE) -> dict[str, str]:
    return dict(cluster.nodes()[node]["metadata"]["labels"])


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Rehearsal]:
    folder = Path(tempfile.mkdtemp(prefix="slipway-"))
    with rehearsing("dev", root=Checkout(folder).root, boot=True) as started:
        yield started
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def cluster(rehearsal: Rehearsal) -> Cluster:
    slipway(rehearsal, "up", "dev", "compute", "--yes")
    wanted = ["handover", "--json", "--show-secrets", "-s", "dev.compute"]
    handover = json.loads(rehearsal.run(["pulumi", "stack", "output", *wanted]).stdout)
    kubeconfig = rehearsal.layout.kubeconfig("dev")
    kubeconfig.touch(0o600)
    kubeconfig.write_text(handover["kubeconfig"], encoding="utf-8")
    found = Cluster(rehearsal)
    until(lambda: found.kubectl("get", "nodes").stdout.count("\n") == 5, "four nodes and a heading", 120)
    return found


def test_effects_follow_their_causes(rehearsal: Rehearsal, cluster: Cluster) -> None:
    """One rehearsal, step by step; each step begins where the one before ended."""
    without_a_network_plugin_no_node_is_ready_and_pods_wait(cluster)
    with_one_they_are_and_pods_get_addresses(cluster)
    without_the_cloud_provider_nodes_keep_its_taint_and_with_it_they_know_their_machine(rehearsal, cluster)
    jobs_end_and_deleted_pods_go(cluster)
    pods_wait_for_what_they_mount(cluster)
    without_feature_discovery_the_operator_marks_no_node(cluster)
    without_a_policy_the_operator_does_nothing(cluster)
    with_both_the_node_has_as_many_gpus_as_its_machine(cluster)
    the_scheduler_counts_gpus(cluster)
    without_the_device_plugins_pod_no_gpu_can_be_had(cluster)
    without_the_driver_there_is_no_device_plugin(cluster)
    without_the_features_worker_everything_that_follows_goes(cluster)
    without_the_network_plugin_nodes_stay_ready_and_new_pods_wait(cluster)


def without_a_network_plugin_no_node_is_ready_and_pods_wait(cluster: Cluster) -> None:
    cluster.apply(ORDINARY, workload("DaemonSet", "on-the-host", "default", hostNetwork=True))
    until(lambda: [is_ready(each) for each in cluster.pods_of("on-the-host")] == [True] * 4, "pods on the host run")
    assert {condition(node, "Ready")["message"] for node in cluster.nodes().values()} == {"no network plugin yet"}
    ordinary = cluster.pods_of("ordinary")
    assert {each["status"]["phase"] for each in ordinary} == {"Pending"}
    waiting = {each["status"]["containerStatuses"][0]["state"]["waiting"]["message"] for each in ordinary}
    assert waiting == {"network is not ready: no network plugin yet"}


def with_one_they_are_and_pods_get_addresses(cluster: Cluster) -> None:
    cluster.apply(CILIUM)
    until(lambda: all(map(is_ready, cluster.nodes().values())), "all nodes are ready")
    until(lambda: all(map(is_ready, cluster.pods_of("ordinary"))), "ordinary pods run")
    ranges = {name: ip_network(node["spec"]["podCIDR"]) for name, node in cluster.nodes().items()}
    for each in cluster.pods_of("ordinary"):
        assert ip_address(each["status"]["podIP"]) in ranges[each["spec"]["nodeName"]]
    addresses = {each["status"]["podIP"] for each in cluster.pods_of("cilium", SYSTEM)}
    assert addresses == {node["status"]["addresses"][0]["address"] for node in cluster.nodes().values()}


def without_the_cloud_provider_nodes_keep_its_taint_and_with_it_they_know_their_machine(
    rehearsal: Rehearsal, cluster: Cluster
) -> None:
    def tainted() -> set[str]:
        return {
            name
            for name, node in cluster.nodes().items()
            if UNINITIALIZED in [taint["key"] for taint in node["spec"].get("taints", [])]
        }

    assert tainted() == set(cluster.nodes())
    dns = [each for name, each in cluster.items("pods", SYSTEM).items() if name.startswith("coredns")]
    assert {each["status"]["phase"] for each in dns} == {"Pending"}
    cluster.apply(*CLOUD_PROVIDER)
    until(lambda: not tainted(), "no node is tainted any more")
    nodes, machines = cluster.nodes(), machines_of(rehearsal)
    assert {name: node["spec"]["providerID"] for name, node in nodes.items()} == {
        name: f"vsphere://{machine.uuid}" for name, machine in machines.items()
    }
    assert labels(cluster)["node.kubernetes.io/instance-type"] == "vsphere-vm.cpu-4.mem-16gb.os-ubuntu"
    assert [nodes[GPU_NODE]["status"]["capacity"][kind] for kind in ("cpu", "memory")] == ["4", "16Gi"]
    until(lambda: cluster.items("deployments", SYSTEM)["coredns"]["status"].get("readyReplicas") == 2, "DNS runs")


def jobs_end_and_deleted_pods_go(cluster: Cluster) -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}}
    cluster.apply({**job, "spec": {"template": {"spec": pod_spec(restartPolicy="Never")}}})
    until(lambda: cluster.items("jobs")["once"]["status"].get("succeeded") == 1, "the job is done")
    cluster.delete("daemonset", "on-the-host")
    until(lambda: cluster.pods_of("on-the-host") == [], "its pods go")


def pods_wait_for_what_they_mount(cluster: Cluster) -> None:
    volume = {"name": "login", "secret": {"secretName": "login"}}
    metadata = {"name": "mounts", "namespace": "default"}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec(volumes=[volume])})

    def message() -> str:
        statuses = cluster.items("pods")["mounts"]["status"].get("containerStatuses", [{"state": {}}])
        return str(statuses[0]["state"].get("waiting", {}).get("message"))

    until(lambda: message() == 'Secret "login" not found', "it waits for the secret")
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login", "namespace": "default"}})
    until(lambda: is_ready(cluster.items("pods")["mounts"]), "it runs")


def without_feature_discovery_the_operator_marks_no_node(cluster: Cluster) -> None:
    cluster.apply(*DEFINITIONS)
    assert cluster.kubectl("wait", "--for=condition=Established", "crd", "--all").returncode == 0
    cluster.apply(*GPU_OPERATOR, POLICY)
    until(lambda: policy_state(cluster) == "notReady", "the operator has seen the policy")
    assert PRESENT_LABEL not in labels(cluster)
    assert {each["status"]["desiredNumberScheduled"] for each in cluster.items("daemonsets", OPERATOR).values()} == {0}


def without_a_policy_the_operator_does_nothing(cluster: Cluster) -> None:
    cluster.delete("clusterpolicy", "cluster-policy")
    until(lambda: cluster.items("daemonsets", OPERATOR) == {}, "its DaemonSets go with it")
    cluster.apply(*FEATURE_DISCOVERY)
    until(lambda: labels(cluster).get(PCI_LABEL) == "true", "the device is found")
    assert [name for name in cluster.nodes() if PCI_LABEL in labels(cluster, name)] == [GPU_NODE]
    time.sleep(3)  # the operator has looked since
    assert PRESENT_LABEL not in labels(cluster)
    assert cluster.items("daemonsets", OPERATOR) == {}
    assert gpus(cluster, "capacity") == ""


def with_both_the_node_has_as_many_gpus_as_its_machine(cluster: Cluster) -> None:
    cluster.apply(POLICY)
    until(lambda: policy_state(cluster) == "ready", "the operator is ready")
    until(lambda: gpus(cluster) == "1", "the GPU can be had")
    until(lambda: labels(cluster).get("nvidia.com/gpu.count") == "1", "the GPU is described")
    assert labels(cluster)["nvidia.com/gpu.product"] == "NVIDIA-L4-6C"
    assert labels(cluster)["nvidia.com/gpu.deploy.device-plugin"] == "true"
    assert GPU not in cluster.nodes()["dev-cpu-1"]["status"]["capacity"]


def the_scheduler_counts_gpus(cluster: Cluster) -> None:
    for name, count in (("wants-two", "2"), ("wants-one", "1")):
        container = {"name": "main", "image": IMAGE, "resources": {"limits": {GPU: count}}}
        metadata = {"name": name, "namespace": "default"}
        spec = pod_spec(containers=[container])
        cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    until(lambda: is_ready(cluster.items("pods")["wants-one"]), "one is there")
    pods = cluster.items("pods")
    assert pods["wants-one"]["spec"]["nodeName"] == GPU_NODE
    assert pods["wants-two"]["status"]["phase"] == "Pending"
    assert f"Insufficient {GPU}" in condition(pods["wants-two"], "PodScheduled")["message"]


def without_the_device_plugins_pod_no_gpu_can_be_had(cluster: Cluster) -> None:
    cluster.kubectl("scale", "deployment", "gpu-operator", "-n", OPERATOR, "--replicas=0")
    until(lambda: cluster.pods_of("gpu-operator", OPERATOR) == [], "the operator is gone")
    cluster.delete("daemonset", "nvidia-device-plugin-daemonset", OPERATOR)
    until(lambda: gpus(cluster) == "0", "no GPU can be had")
    assert gpus(cluster, "capacity") == "1"
    cluster.kubectl("scale", "deployment", "gpu-operator", "-n", OPERATOR, "--replicas=1")
    until(lambda: gpus(cluster) == "1", "the operator has brought it back")


def without_the_driver_there_is_no_device_plugin(cluster: Cluster) -> None:
    off = {"spec": {"nodeSelector": {"example.com/nowhere": "true"}}}
    patch = json.dumps({"spec": {"template": off}})
    name = "nvidia-driver-daemonset"
    cluster.kubectl("patch", "daemonset", name, "-n", OPERATOR, "-p", patch)
    until(lambda: gpus(cluster) == "0", "no GPU can be had")
    cluster.apply({**POLICY, "spec": {"driver": {"enabled": False}}})
    until(lambda: name not in cluster.items("daemonsets", OPERATOR), "the template has the driver now")
    until(lambda: gpus(cluster) == "1", "the GPU is back")


def without_the_features_worker_everything_that_follows_goes(cluster: Cluster) -> None:
    cluster.delete("daemonset", "node-feature-discovery-worker", NFD)
    until(lambda: PCI_LABEL not in labels(cluster), "the device's label goes")
    until(lambda: labels(cluster)[PRESENT_LABEL] == "false", "the operator takes its own away")
    until(lambda: gpus(cluster) == "0", "no GPU can be had")
    cluster.apply(FEATURE_WORKER)
    until(lambda: gpus(cluster) == "1", "the GPU is back")


def without_the_network_plugin_nodes_stay_ready_and_new_pods_wait(cluster: Cluster) -> None:
    cluster.delete("daemonset", "cilium", SYSTEM)
    until(lambda: cluster.pods_of("cilium", SYSTEM) == [], "its pods go")
    cluster.delete("daemonset", "ordinary")
    cluster.apply(ORDINARY)
    until(lambda: [each["status"]["phase"] for each in cluster.pods_of("ordinary")] == ["Pending"] * 4, "pods wait")
    assert all(map(is_ready, cluster.nodes().values()))


def policy_state(cluster: Cluster) -> str:
    return str(cluster.items("clusterpolicies")["cluster-policy"].get("status", {}).get("state"))
