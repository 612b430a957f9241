"""The workloads of a component, as a kind of resource: waited for until all their pods are ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.vsphere.provider import workloads_kind
from infra.vsphere.provider.kinds import Login
from infra.vsphere.provider.workloads_kind import Workloads, WorkloadsNotReady, not_ready

if TYPE_CHECKING:
    from tests.support.played_kubernetes import PlayedKubernetes

NOBODY = Login("", "", "")
PLACE = {"name": "core", "namespace": "harbor", "generation": 2}


def inputs_of(login: str) -> dict[str, Any]:
    selector = "slipway.dev/component=harbor"
    return {"kubeconfig": login, "component": "harbor", "selector": selector, "fingerprint": "1"}


def workload(**status: Any) -> dict[str, Any]:
    return {"metadata": PLACE, "spec": {"replicas": 2}, "status": {"observedGeneration": 2, **status}}


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        ("deployments", {"readyReplicas": 2, "updatedReplicas": 2}, ""),
        ("deployments", {"readyReplicas": 2, "updatedReplicas": 1}, "Deployment harbor/core (1 of 2 ready)"),
        ("statefulsets", {}, "StatefulSet harbor/core (0 of 2 ready)"),
        ("daemonsets", {"desiredNumberScheduled": 3, "numberReady": 3, "updatedNumberScheduled": 3}, ""),
        ("daemonsets", {"desiredNumberScheduled": 3, "numberReady": 2}, "DaemonSet harbor/core (0 of 3 ready)"),
        (
            "deployments",
            {"readyReplicas": 2, "updatedReplicas": 2, "observedGeneration": 1},
            "Deployment harbor/core (2 of 2 ready)",
        ),
        (
            "deployments",
            {"conditions": [{"type": "ReplicaFailure", "message": "exceeded quota"}]},
            "Deployment harbor/core (0 of 2 ready: exceeded quota)",
        ),
    ],
)
def test_what_a_workload_waits_for(kind: str, status: dict[str, Any], said: str) -> None:
    assert not_ready(kind, workload(**status)) == said


def test_workloads_that_are_ready_are_there(login: str, played: PlayedKubernetes) -> None:
    played.objects["/apis/apps/v1/deployments"] = {"items": [workload(readyReplicas=2, updatedReplicas=2)]}
    kind, inputs = Workloads(), inputs_of(login)
    made = kind.create(NOBODY, inputs, "urn")
    assert (made.id, made.properties) == ("harbor", inputs)
    asked = [line for line in played.asked if "labelSelector=slipway.dev/component=harbor" in line]
    assert len(asked) == 3
    assert [change.path for change in kind.changes(made.properties, {**inputs, "fingerprint": "2"})] == ["fingerprint"]


def test_workloads_that_do_not_get_ready_are_said(
    login: str, played: PlayedKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workloads_kind, "PATIENCE", 0.0)
    played.objects["/apis/apps/v1/statefulsets"] = {"items": [workload()]}
    with pytest.raises(WorkloadsNotReady) as missing:
        Workloads().create(NOBODY, inputs_of(login), "urn")
    assert str(missing.value) == (
        "harbor: after 0 minutes not ready: StatefulSet harbor/core (0 of 2 ready); "
        "see why: kubectl -n harbor get pods,events, run this again"
    )
