"""A node's settings, as a kind of resource: what is ours comes and goes, what is not stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.vsphere.provider import node_kind
from infra.vsphere.provider.kinds import Change, Login
from infra.vsphere.provider.node_kind import NodeBusy, NodeSettings, NotJoined, is_of_machine, patch
from tests.support.played_kubernetes import strategically_merged

if TYPE_CHECKING:
    from tests.support.played_kubernetes import PlayedKubernetes

NOBODY = Login("", "", "")
PATH = "/api/v1/nodes/lab-gpu-1"
LINUX, MINE = {"kubernetes.io/os": "linux"}, {"slipway.example/pool": "gpu"}
GPU = {"key": "slipway.example/pool", "value": "gpu", "effect": "NoSchedule"}
NO_EXECUTE = {**GPU, "effect": "NoExecute"}
NO_VALUE = {"key": "slipway.example/pool", "effect": "NoSchedule"}
FOREIGN = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "timeAdded": "2026-11-26T12:00:00Z"}


def inputs_of(login: str) -> dict[str, Any]:
    return {"kubeconfig": login, "node": "lab-gpu-1", "machine": "4210", "labels": MINE, "taints": [GPU]}


def node(labels: dict[str, str], *taints: dict[str, str], version: str = "1") -> dict[str, Any]:
    metadata = {"name": "lab-gpu-1", "labels": labels, "resourceVersion": version}
    return {"metadata": metadata, "spec": {"taints": list(taints)}}


def has(played: PlayedKubernetes, labels: dict[str, str], *taints: dict[str, str]) -> bool:
    """Whether the node has just these labels and taints."""
    found = played.objects[PATH]
    return bool(found["metadata"]["labels"] == labels and found["spec"]["taints"] == list(taints))


def test_a_node_gets_what_is_ours_and_keeps_what_is_not(login: str, played: PlayedKubernetes) -> None:
    kind, inputs = NodeSettings(), inputs_of(login)
    played.objects[PATH] = node(LINUX, FOREIGN)
    made = kind.create(NOBODY, inputs, "urn")
    assert (made.id, made.properties, made.inputs) == ("lab-gpu-1", inputs, inputs)
    assert has(played, {**LINUX, **MINE}, FOREIGN, GPU)
    assert kind.read(NOBODY, made.id, made.properties, inputs) == made
    less = {**inputs, "labels": {"other": "1"}, "taints": []}
    assert kind.update(NOBODY, made.id, made.properties, less).properties == less
    assert has(played, {**LINUX, "other": "1"}, FOREIGN)
    kind.delete(NOBODY, made.id, less)
    assert has(played, LINUX, FOREIGN)
    del played.objects[PATH]
    assert kind.read(NOBODY, made.id, less, inputs) is None
    kind.delete(NOBODY, made.id, less)


def test_a_node_is_read_as_it_is(login: str, played: PlayedKubernetes) -> None:
    kind, inputs = NodeSettings(), inputs_of(login)
    played.objects[PATH] = node({"slipway.example/pool": "cpu"}, {**GPU, "value": "cpu"})
    found = kind.read(NOBODY, "lab-gpu-1", inputs, inputs)
    assert found is not None
    assert found.properties == {**inputs, "labels": {"slipway.example/pool": "cpu"}, "taints": []}
    assert kind.changes(found.properties, inputs) == [Change("labels", "update"), Change("taints", "update")]


def test_a_node_that_joins_late_is_waited_for(
    login: str, played: PlayedKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_kind, "_PAUSE", 0)
    played.answers = [(404, "not yet"), (404, "not yet")]
    played.objects[PATH] = node({})
    NodeSettings().create(NOBODY, inputs_of(login), "urn")
    assert played.asked == [f"GET {PATH}"] * 3 + [f"PATCH {PATH}"]


def test_what_others_write_meanwhile_stays(login: str, played: PlayedKubernetes) -> None:
    played.answers = [(200, json.dumps(node({})))]  # as it was before somebody else wrote
    played.objects[PATH] = node(LINUX, FOREIGN, version="2")
    NodeSettings().create(NOBODY, inputs_of(login), "urn")
    assert has(played, {**LINUX, **MINE}, FOREIGN, GPU)
    assert played.asked == [f"{method} {PATH}" for method in ("GET", "PATCH", "GET", "PATCH")]


def test_a_node_that_others_change_all_the_time_is_told(login: str, played: PlayedKubernetes) -> None:
    played.answers = [(200, json.dumps(node({})))] + [(409, ""), (200, json.dumps(node({})))] * node_kind._ATTEMPTS
    with pytest.raises(NodeBusy) as busy:
        NodeSettings().create(NOBODY, inputs_of(login), "urn")
    assert str(busy.value) == (
        "lab-gpu-1: others change it all the time; see who does: kubectl get events, and run this again"
    )


@pytest.mark.usefixtures("played")
def test_a_node_that_never_joins_is_told(login: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_kind, "PATIENCE", -60.0)
    with pytest.raises(NotJoined) as missing:
        NodeSettings().create(NOBODY, inputs_of(login), "urn")
    assert str(missing.value) == (
        "lab-gpu-1: it has not joined the cluster within -1 minutes; "
        "see on the machine: journalctl -u slipway-join, and run this again"
    )


def settings(labels: dict[str, str], *taints: dict[str, str]) -> dict[str, Any]:
    return {"labels": labels, "taints": list(taints)}


@pytest.mark.parametrize(
    ("wanted", "before", "labels", "taints"),
    [
        (settings({}), settings({}), {}, [FOREIGN]),
        (settings({"a": "1"}), settings({}), {"a": "1"}, [FOREIGN]),
        (settings({"a": "2"}), settings({"a": "1"}), {"a": "2"}, [FOREIGN]),
        (settings({}), settings({"b": "1", "a": "1"}), {"a": None, "b": None}, [FOREIGN]),
        (settings({}, GPU), settings({}), {}, [FOREIGN, GPU]),
        (settings({}), settings({}, GPU), {}, [FOREIGN]),
        (settings({}, NO_EXECUTE), settings({}, GPU), {}, [FOREIGN, NO_EXECUTE]),
        (settings({}, NO_VALUE), settings({}, GPU), {}, [FOREIGN, NO_VALUE]),
        (settings({}, {**NO_VALUE, "value": ""}), settings({}), {}, [FOREIGN, NO_VALUE]),
    ],
    ids=[
        "nothing",
        "a new label",
        "another value",
        "labels that left",
        "a new taint",
        "a taint that left",
        "another effect",
        "a value that left",
        "an empty value",
    ],
)
def test_patches(
    wanted: dict[str, Any], before: dict[str, Any], labels: dict[str, Any], taints: list[dict[str, str]]
) -> None:
    there = node(before["labels"], FOREIGN, *before["taints"])
    expected = {"metadata": {"resourceVersion": "1", "labels": labels}, "spec": {"taints": taints}}
    assert patch(there, wanted, before) == expected


def test_a_node_without_taints_gets_them() -> None:
    there = {"metadata": {"resourceVersion": "1"}, "spec": {}}
    assert patch(there, settings({}, GPU), settings({}))["spec"] == {"taints": [GPU]}


values = st.sampled_from(["", "1", "2"])


def labels_of(owner: str) -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from([f"{owner}/{letter}" for letter in "abc"]), values)


def taints_of(owner: str) -> st.SearchStrategy[list[dict[str, str]]]:
    effects = st.sampled_from(["NoSchedule", "NoExecute"])
    by_key = st.dictionaries(st.sampled_from([f"{owner}/{letter}" for letter in "abc"]), st.tuples(values, effects))
    return by_key.map(
        lambda found: [
            {"key": key, **({"value": value} if value else {}), "effect": effect}
            for key, (value, effect) in found.items()
        ]
    )


def settings_of(owner: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda labels, taints: settings(labels, *taints), labels_of(owner), taints_of(owner))


def merged(there: dict[str, Any], wanted: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    return strategically_merged(there, patch(there, wanted, before))


@given(foreign=settings_of("foreign"), first=settings_of("ours"), second=settings_of("ours"))
def test_a_node_has_exactly_what_is_foreign_and_what_is_wanted(
    foreign: dict[str, Any], first: dict[str, Any], second: dict[str, Any]
) -> None:
    nothing, bare = settings({}), node(foreign["labels"], *foreign["taints"])
    found = merged(bare, first, nothing)
    for wanted, before in ((second, first), (second, second)):  # the second time nothing changes
        found = merged(found, wanted, before)
        labels = {**foreign["labels"], **wanted["labels"]}
        assert found == node(labels, *foreign["taints"], *wanted["taints"])
    assert merged(found, nothing, second) == bare


@pytest.mark.parametrize(
    ("told", "own"),
    [
        ("42381d0f-1b2c-3d4e-8f90-a1b2c3d4e5f6", True),
        ("42381D0F-1B2C-3D4E-8F90-A1B2C3D4E5F6", True),
        ("0f1d3842-2c1b-4e3d-8f90-a1b2c3d4e5f6", True),
        ("", True),
        ("42381d0f-1b2c-3d4e-8f90-a1b2c3d4e5f7", False),
    ],
    ids=["the same", "in capitals", "turned", "nothing", "another"],
)
def test_a_node_is_known_by_the_machine_it_tells_of(told: str, *, own: bool) -> None:
    of_whom = {"status": {"nodeInfo": {"systemUUID": told}}}
    assert is_of_machine(of_whom, "42381d0f-1b2c-3d4e-8f90-a1b2c3d4e5f6") is own


def test_the_node_of_an_earlier_machine_is_not_the_one_that_is_waited_for(
    login: str, played: PlayedKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_kind, "PATIENCE", 0.0)
    played.objects[PATH] = {**node(LINUX), "status": {"nodeInfo": {"systemUUID": "0000"}}}
    with pytest.raises(NotJoined):
        NodeSettings().create(NOBODY, inputs_of(login), "urn")
    assert has(played, LINUX)
