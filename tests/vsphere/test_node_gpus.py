"""The GPUs that a node offers, as a kind of resource: waited for, and read back as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.vsphere.provider import node_gpus_kind
from infra.vsphere.provider.kinds import Login
from infra.vsphere.provider.node_gpus_kind import GpusMissing, NodeGpus

if TYPE_CHECKING:
    from tests.support.played_kubernetes import PlayedKubernetes

NOBODY = Login("", "", "")
PATH = "/api/v1/nodes/lab-gpu-1"
RESOURCE = "nvidia.com/gpu"


def inputs_of(login: str, count: int = 2) -> dict[str, Any]:
    return {"kubeconfig": login, "node": "lab-gpu-1", "machine": "4210", "resource": RESOURCE, "count": count}


def offering(count: int) -> dict[str, Any]:
    return {"metadata": {"name": "lab-gpu-1"}, "status": {"allocatable": {RESOURCE: str(count), "cpu": "8"}}}


def test_gpus_that_are_offered_are_there_and_read_back_as_they_are(login: str, played: PlayedKubernetes) -> None:
    kind, inputs = NodeGpus(), inputs_of(login)
    played.objects[PATH] = offering(2)
    made = kind.create(NOBODY, inputs, "urn")
    assert (made.id, made.properties) == ("lab-gpu-1", inputs)
    played.objects[PATH] = offering(1)
    found = kind.read(NOBODY, made.id, made.properties, inputs)
    assert found is not None
    assert (found.properties["count"], found.inputs["count"]) == (1, 1)
    assert [change.path for change in kind.changes(found.properties, inputs)] == ["count"]
    del played.objects[PATH]
    assert kind.read(NOBODY, made.id, made.properties, inputs) is None


@pytest.mark.parametrize("there", [None, 0, 1], ids=["no node", "none", "too few"])
def test_gpus_that_do_not_come_are_said(
    login: str, played: PlayedKubernetes, monkeypatch: pytest.MonkeyPatch, there: int | None
) -> None:
    monkeypatch.setattr(node_gpus_kind, "PATIENCE", 0.0)
    if there is not None:
        played.objects[PATH] = offering(there)
    with pytest.raises(GpusMissing) as missing:
        NodeGpus().create(NOBODY, inputs_of(login), "urn")
    assert str(missing.value) == (
        f"lab-gpu-1: it offers {there or 0} of 2 nvidia.com/gpu after 0 minutes; see why: "
        "kubectl get pods -n gpu-operator -o wide --field-selector spec.nodeName=lab-gpu-1, run this again"
    )
