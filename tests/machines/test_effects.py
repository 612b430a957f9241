"""What effects decide, from what they see."""

from __future__ import annotations

from typing import Any

from rehearsal.machines.containers import EFFECTS
from rehearsal.machines.description import Hardware
from rehearsal.machines.effects.cloud_provider import UNINITIALIZED, initialisation
from rehearsal.machines.effects.database_operator import difference, instance_pod, status_of
from rehearsal.machines.effects.device_plugin import WAITS_FOR_DRIVER
from rehearsal.machines.effects.feature_master import SET_BY_MASTER
from rehearsal.machines.effects.feature_master import label_change as feature_labels
from rehearsal.machines.effects.feature_worker import NODE_NAME, NVIDIA_DEVICE, found_labels, node_feature
from rehearsal.machines.effects.gpu_operands import DRIVER, OPERANDS, daemon_set, is_enabled
from rehearsal.machines.effects.gpu_operator import label_change as operator_labels
from rehearsal.machines.effects.gpu_operator import state_of
from rehearsal.machines.workloads import table
from tests.machines.objects import pod

POLICY: dict[str, Any] = {"metadata": {"name": "cluster-policy", "uid": "p"}, "spec": {}}
WITHOUT_DRIVER: dict[str, Any] = {**POLICY, "spec": {"driver": {"enabled": False}, "toolkit": {"enabled": False}}}
RUNS = {
    "metadata": {"generation": 1},
    "status": {"observedGeneration": 1, "desiredNumberScheduled": 1, "numberReady": 1},
}


def feature(node: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"labels": {NODE_NAME: node}}, "spec": {"labels": labels}}


def test_every_effect_of_the_table_is_there() -> None:
    assert {row.effect for row in table()} == set(EFFECTS)


def test_the_cloud_provider_initialises_nodes_that_wait_alone() -> None:
    node: dict[str, Any] = {
        "metadata": {"resourceVersion": "7"},
        "spec": {"taints": [{"key": UNINITIALIZED}, {"key": "other"}]},
        "status": {"nodeInfo": {"systemUUID": "ABC"}, "capacity": {"cpu": "4", "memory": "16Gi"}},
    }
    change = initialisation(node)
    assert change["spec"] == {"providerID": "vsphere://abc", "taints": [{"key": "other"}]}
    assert change["metadata"]["labels"] == {"node.kubernetes.io/instance-type": "vsphere-vm.cpu-4.mem-16gb.os-ubuntu"}
    assert change["metadata"]["resourceVersion"] == "7", "what somebody else changed meanwhile is not lost"
    assert initialisation({**node, "spec": {"taints": [{"key": "other"}]}}) == {}
    assert initialisation({**node, "status": {}}) == {}, "its kubelet has not said which machine it is"


def test_a_node_feature_says_what_there_is_and_goes_with_its_pod() -> None:
    assert found_labels(Hardware(4, 8192, ("NVIDIA-L4",))) == {NVIDIA_DEVICE: "true"}
    assert found_labels(Hardware(4, 8192)) == {}
    found = node_feature(pod("worker-1", "nfd"), {})
    assert (found["metadata"]["name"], found["metadata"]["labels"]) == ("node-1", {NODE_NAME: "node-1"})
    assert [owner["name"] for owner in found["metadata"]["ownerReferences"]] == ["worker-1"]


def test_the_features_master_sets_labels_and_takes_its_own_away() -> None:
    node: dict[str, Any] = {"name": "a", "labels": {"mine": "1"}}
    change = feature_labels(node, [feature("a", **{NVIDIA_DEVICE: "true", "x.com/y": "2"}), feature("b", other="3")])
    assert change["labels"] == {NVIDIA_DEVICE: "true", "x.com/y": "2"}
    after = {"name": "a", "labels": {"mine": "1", **change["labels"]}, "annotations": change["annotations"]}
    assert change["annotations"] == {SET_BY_MASTER: "pci-10de.present,x.com/y"}
    assert feature_labels(after, [feature("a", **{NVIDIA_DEVICE: "true", "x.com/y": "2"})]) == {}
    assert feature_labels(after, [])["labels"] == {NVIDIA_DEVICE: None, "x.com/y": None}


def test_the_operator_marks_nodes_with_a_device_as_the_policy_says() -> None:
    device = {"labels": {NVIDIA_DEVICE: "true"}}
    everything = operator_labels(device, POLICY)
    assert set(everything) == {"nvidia.com/gpu.present", *(operand.label for operand in OPERANDS)}
    less = operator_labels({"labels": {**device["labels"], **everything}}, WITHOUT_DRIVER)
    assert less == {"nvidia.com/gpu.deploy.container-toolkit": None, "nvidia.com/gpu.deploy.driver": None}
    assert operator_labels({"labels": {}}, POLICY) == {}
    gone = operator_labels({"labels": everything}, POLICY)
    assert gone.pop("nvidia.com/gpu.present") == "false"
    assert set(gone.values()) == {None}


def test_the_device_plugin_waits_for_the_driver_that_the_operator_brings() -> None:
    (plugin,) = [operand for operand in OPERANDS if operand.key == "devicePlugin"]
    spec = daemon_set(plugin, POLICY, "gpu-operator")["spec"]["template"]["spec"]
    assert [each["name"] for each in spec["initContainers"]] == [WAITS_FOR_DRIVER]
    assert spec["nodeSelector"] == {"nvidia.com/gpu.deploy.device-plugin": "true"}
    assert not is_enabled(WITHOUT_DRIVER, DRIVER)
    assert "initContainers" not in daemon_set(plugin, WITHOUT_DRIVER, "gpu-operator")["spec"]["template"]["spec"]


def test_the_operator_is_ready_when_all_runs_on_nodes_that_it_knows() -> None:
    device = {NVIDIA_DEVICE: "true"}
    waits = {"metadata": {"generation": 1}, "status": {"observedGeneration": 1, "desiredNumberScheduled": 0}}
    assert state_of([RUNS, RUNS], [device, {}]) == "ready"
    assert state_of([RUNS, waits], [device]) == "notReady"
    assert state_of([RUNS], [{}]) == "notReady"


CLUSTER = {"metadata": {"name": "postgres", "namespace": "postgres", "uid": "1"}, "spec": {"instances": 2}}


def instance(name: str, ready: str = "True") -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": {"conditions": [{"type": "Ready", "status": ready}]}}


def test_a_database_cluster_gets_the_pods_of_its_instances() -> None:
    assert difference(CLUSTER, []) == (["postgres-1", "postgres-2"], [])
    assert difference(CLUSTER, [instance("postgres-1"), instance("postgres-3")]) == (["postgres-2"], ["postgres-3"])
    made = instance_pod(CLUSTER, "postgres-1")
    assert made["metadata"]["ownerReferences"][0]["uid"] == "1"
    assert made["metadata"]["labels"]["cnpg.io/cluster"] == "postgres"


def test_a_database_cluster_is_healthy_once_all_its_instances_are() -> None:
    assert status_of(CLUSTER, [instance("postgres-1"), instance("postgres-2", "False")]) == {
        "instances": 2,
        "readyInstances": 1,
        "phase": "Setting up primary",
    }
    both = status_of(CLUSTER, [instance("postgres-1"), instance("postgres-2")])
    assert (both["readyInstances"], both["phase"]) == (2, "Cluster in healthy state")
