"""The status of a played pod, from the pod alone."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.machines.pod_addresses import free_address
from rehearsal.machines.pod_needs import needs
from rehearsal.machines.pod_status import Running, differs, ended, has_ended, is_mirror, running, runs_once, waiting
from rehearsal.machines.workloads import played_by, workload_of
from tests.machines.objects import IMAGE, pod

NOW, LATER = "2026-11-26T10:00:00Z", "2026-11-26T11:00:00Z"
FACTS = Running(started=NOW, address="10.244.1.2", host="10.20.0.20")


def condition(status: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = [each for each in status["conditions"] if each["type"] == kind]
    return dict(found)


def owned(kind: str, name: str, **labels: str) -> dict[str, Any]:
    owner = {"kind": kind, "name": name, "controller": True, "uid": "o", "apiVersion": "apps/v1"}
    return pod(ownerReferences=[owner], labels=labels)


def test_a_pod_that_runs() -> None:
    found = pod()
    found["spec"]["initContainers"] = [
        {"name": "first", "image": IMAGE},
        {"name": "beside", "image": IMAGE, "restartPolicy": "Always"},
    ]
    status = running(found, FACTS)
    assert (status["phase"], status["podIP"], status["hostIP"]) == ("Running", "10.244.1.2", "10.20.0.20")
    assert condition(status, "Ready")["status"] == "True"
    (main,) = status["containerStatuses"]
    assert (main["name"], main["ready"], main["restartCount"]) == ("main", True, 0)
    first, beside = status["initContainerStatuses"]
    assert first["state"]["terminated"]["reason"] == "Completed"
    assert beside["state"] == {"running": {"startedAt": NOW}}


def test_a_pod_whose_readiness_others_decide_is_not_ready_before_they_say_so() -> None:
    found = pod()
    found["spec"]["readinessGates"] = [{"conditionType": "example.com/gate"}]
    assert condition(running(found, FACTS), "Ready")["status"] == "False"
    found["status"] = {"conditions": [{"type": "example.com/gate", "status": "True"}]}
    assert condition(running(found, FACTS), "Ready")["status"] == "True"


def test_what_does_not_change_keeps_its_time_and_is_not_told_again() -> None:
    found = pod()
    found["status"] = running(found, FACTS)
    again = running(found, Running(started=LATER, address="10.244.1.2", host="10.20.0.20"))
    assert condition(again, "Ready")["lastTransitionTime"] == NOW
    assert not differs(found, again)
    assert differs(found, ended(found, FACTS, LATER))
    assert differs(pod(), waiting(pod(), "no network", "10.20.0.20", NOW))


def test_a_pod_that_waits_says_why() -> None:
    status = waiting(pod(), 'Secret "a" not found', "10.20.0.20", NOW)
    assert status["phase"] == "Pending"
    assert status["containerStatuses"][0]["state"]["waiting"]["message"] == 'Secret "a" not found'


def test_a_pod_that_has_ended() -> None:
    found = pod()
    found["status"] = ended(found, None, NOW)
    assert has_ended(found)
    assert condition(found["status"], "Ready")["status"] == "False"


def test_pods_of_jobs_run_once_and_mirror_pods_are_not_touched() -> None:
    job = owned("Job", "once")
    job["spec"]["restartPolicy"] = "Never"
    assert runs_once(job)
    assert not runs_once(owned("DaemonSet", "cilium"))
    assert is_mirror(pod(annotations={"kubernetes.io/config.mirror": "x"}))


@pytest.mark.parametrize(
    ("found", "workload"),
    [
        (owned("DaemonSet", "cilium"), ("DaemonSet", "cilium")),
        (owned("ReplicaSet", "gpu-operator-5d4f", **{"pod-template-hash": "5d4f"}), ("Deployment", "gpu-operator")),
        (owned("StatefulSet", "store"), ("StatefulSet", "store")),
        (pod("alone"), ("Pod", "alone")),
    ],
)
def test_whose_pod_it_is(found: dict[str, Any], workload: tuple[str, str]) -> None:
    assert workload_of(found) == workload


def test_only_workloads_of_the_table_play_something() -> None:
    cilium = played_by(owned("DaemonSet", "cilium"))
    assert cilium is not None
    assert (cilium.effect, cilium.asks) == ("network_plugin", False)
    assert played_by(owned("DaemonSet", "cilium-envoy")) is None


def test_what_a_pod_needs() -> None:
    spec: dict[str, Any] = {
        "volumes": [
            {"name": "a", "secret": {"secretName": "mounted"}},
            {"name": "b", "configMap": {"name": "perhaps", "optional": True}},
            {
                "name": "c",
                "projected": {"sources": [{"configMap": {"name": "projected"}}, {"serviceAccountToken": {}}]},
            },
        ],
        "containers": [
            {
                "name": "main",
                "envFrom": [{"secretRef": {"name": "all"}}],
                "env": [
                    {"name": "A", "value": "b"},
                    {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "one", "key": "k"}}},
                ],
            }
        ],
    }
    wanted = {("Secret", "mounted"), ("ConfigMap", "projected"), ("Secret", "all"), ("ConfigMap", "one")}
    assert set(needs(spec)) == wanted


def test_addresses_are_free_ones_of_the_nodes_range() -> None:
    assert free_address("10.244.1.0/24", set()) == "10.244.1.2"
    assert free_address("10.244.1.0/24", {"10.244.1.2"}) == "10.244.1.3"
    assert free_address("10.244.1.0/24", set(), "10.244.1.9") == "10.244.1.9"
    assert free_address("10.244.1.0/24", set(), "10.244.7.9") == "10.244.1.2", "the node had another range before"
    with pytest.raises(OSError, match="no address is left"):
        free_address("10.244.1.0/29", {f"10.244.1.{number}" for number in range(8)})
