"""The kinds of resources that stand in a cluster, against a played API: made, read, changed, removed."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from infra.kubernetes_api import ApiRefused, ApiUnreachable
from infra.vsphere.provider import api_kind
from infra.vsphere.provider.api_kind import ClusterApi
from infra.vsphere.provider.kinds import Change, Login
from infra.vsphere.provider.node_kind import NodeSettings
from infra.vsphere.provider.secret_kind import GeneratedSecret
from infra.vsphere.provider.token_kind import LIFETIME, RENEWED_BEFORE, BootstrapToken
from tests.support.played_kubernetes import VERSION

if TYPE_CHECKING:
    from infra.vsphere.provider.kubernetes_kind import KubernetesKind
    from tests.support.played_kubernetes import PlayedKubernetes

NOBODY = Login("", "", "")
NOW = datetime.now(UTC)
SYSTEM, LAB = "/api/v1/namespaces/kube-system/secrets", "/api/v1/namespaces/lab/secrets"
TAINT = {"key": "slipway.example/pool", "value": "gpu", "effect": "NoSchedule"}
MINE = {"slipway.example/pool": "gpu"}
KINDS = [ClusterApi(), BootstrapToken(), NodeSettings(), GeneratedSecret()]


def inputs_of(kind: KubernetesKind, login: str) -> dict[str, Any]:
    values = {
        "kubeconfig": login,
        "cluster": "lab",
        "token": "abcdef.0123456789abcdef",
        "node": "lab-gpu-1",
        "machine": "4210",
        "labels": MINE,
        "taints": [TAINT],
        "namespace": "lab",
        "name": "hmac",
        "keys": ["key"],
    }
    return {name: values[name] for name in kind.inputs}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.token)
def test_inputs_have_to_be_all_there_and_no_others(kind: KubernetesKind) -> None:
    first, *others = inputs = inputs_of(kind, "{}")
    assert kind.problems(inputs) == {}
    assert kind.problems({**{name: inputs[name] for name in others}, "colour": "red"}) == {
        "colour": "there is no such property",
        first: "is missing",
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.token)
def test_each_input_that_changes_is_a_change_and_some_make_another_resource(kind: KubernetesKind) -> None:
    inputs = inputs_of(kind, "{}")
    state = {**inputs, "expires": (datetime.now(UTC) + LIFETIME).isoformat()}
    assert kind.changes(state, inputs) == []
    for name in kind.inputs:
        changed = {**state, name: "another"}
        assert kind.changes(changed, inputs) == [Change(name, "update", replaces=name in kind.replacing)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.token)
def test_nothing_can_be_imported(kind: KubernetesKind) -> None:
    assert kind.read(NOBODY, "lab", {}, {}) is None


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.token)
def test_what_stands_in_a_cluster_that_is_away_stays_recorded_unless_a_person_says_otherwise(
    kind: KubernetesKind, away: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    state = inputs_of(kind, away)
    for value in (None, "", "1", "false"):
        if value is not None:
            monkeypatch.setenv("PULUMI_K8S_DELETE_UNREACHABLE", value)
        with pytest.raises(ApiUnreachable) as unreachable:
            kind.delete(NOBODY, "lab/thing", state)
    monkeypatch.setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
    kind.delete(NOBODY, "lab/thing", state)
    assert capfd.readouterr().err == (
        f"lab/thing: forgotten, as PULUMI_K8S_DELETE_UNREACHABLE says: {unreachable.value}\n"
    )


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.token)
def test_a_cluster_that_refuses_to_delete_is_not_away(
    kind: KubernetesKind, login: str, played: PlayedKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
    played.answers = [(403, "no")]
    with pytest.raises(ApiRefused):
        kind.delete(NOBODY, "lab/thing", inputs_of(kind, login))


def test_an_api_is_there_once_it_is_ready(
    login: str, away: str, played: PlayedKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, inputs = ClusterApi(), inputs_of(ClusterApi(), login)
    played.objects["/api/v1/namespaces/kube-system"] = {"metadata": {"name": "kube-system", "uid": "1-2-3"}}
    made = kind.create(NOBODY, inputs, "urn")
    assert (made.id, made.inputs) == ("lab", inputs)
    assert made.properties == {**inputs, "version": VERSION, "uid": "1-2-3"}
    asked = list(played.asked)
    assert kind.read(NOBODY, "lab", made.properties, inputs) == made
    kind.delete(NOBODY, "lab", made.properties)
    assert played.asked == asked, "what is recorded is not asked for"
    assert kind.update(NOBODY, "lab", made.properties, inputs) == made
    monkeypatch.setattr(api_kind, "PATIENCE", -1.0)
    with pytest.raises(ApiUnreachable):
        kind.update(NOBODY, "lab", made.properties, {**inputs, "kubeconfig": away})


def test_a_token_is_written_renewed_and_removed(login: str, played: PlayedKubernetes) -> None:
    kind, inputs = BootstrapToken(), inputs_of(BootstrapToken(), login)
    path = f"{SYSTEM}/bootstrap-token-abcdef"
    played.objects[path] = {"metadata": {"name": "bootstrap-token-abcdef"}, "data": {"expiration": "a day"}}
    begun = datetime.now(UTC).replace(microsecond=0)
    made = kind.create(NOBODY, inputs, "urn")
    expires = datetime.fromisoformat(made.properties["expires"])
    assert (made.id, made.inputs) == ("bootstrap-token-abcdef", inputs)
    assert begun + LIFETIME <= expires <= datetime.now(UTC) + LIFETIME
    secret = played.objects[path]
    assert secret["type"] == "bootstrap.kubernetes.io/token"
    assert {key: base64.b64decode(value).decode() for key, value in secret["data"].items()} == {
        "token-id": "abcdef",
        "token-secret": "0123456789abcdef",
        "expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "usage-bootstrap-authentication": "true",
        "usage-bootstrap-signing": "true",
        "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    }
    assert kind.read(NOBODY, made.id, made.properties, inputs) == made
    old = {**made.properties, "expires": NOW.isoformat()}
    assert datetime.fromisoformat(kind.update(NOBODY, made.id, old, inputs).properties["expires"]) >= expires
    kind.delete(NOBODY, made.id, made.properties)
    assert played.objects == {}
    assert kind.read(NOBODY, made.id, made.properties, inputs) is None
    kind.delete(NOBODY, made.id, made.properties)


@pytest.mark.parametrize(
    ("left", "renewed"),
    [
        (LIFETIME, False),
        (RENEWED_BEFORE + timedelta(hours=1), False),
        (RENEWED_BEFORE - timedelta(hours=1), True),
        (timedelta(), True),
        (timedelta(days=-400), True),
    ],
    ids=["new", "good for a while", "ends soon", "ends now", "ended long ago"],
)
def test_a_token_is_renewed_in_good_time(left: timedelta, renewed: bool) -> None:  # noqa: FBT001 - a table's column
    inputs = inputs_of(BootstrapToken(), "{}")
    state = {**inputs, "expires": (datetime.now(UTC) + left).isoformat()}
    assert BootstrapToken().changes(state, inputs) == ([Change("expires", "update")] if renewed else [])


def test_a_secret_is_made_of_chance_and_kept_when_it_is_there(login: str, played: PlayedKubernetes) -> None:
    kind, inputs = GeneratedSecret(), inputs_of(GeneratedSecret(), login)
    made = kind.create(NOBODY, inputs, "urn")
    assert (made.id, made.properties, made.inputs) == ("lab/hmac", inputs, inputs)
    first = played.objects[f"{LAB}/hmac"]
    text = base64.b64decode(first["data"]["key"])
    assert (first["type"], list(first["data"]), len(base64.urlsafe_b64decode(text))) == ("Opaque", ["key"], 32)
    assert kind.create(NOBODY, inputs, "urn") == made
    assert played.objects[f"{LAB}/hmac"] == first
    assert kind.read(NOBODY, made.id, made.properties, inputs) == made
    kind.delete(NOBODY, made.id, made.properties)
    assert kind.read(NOBODY, made.id, made.properties, inputs) is None
    kind.create(NOBODY, inputs, "urn")
    assert played.objects[f"{LAB}/hmac"]["data"]["key"] != first["data"]["key"]


def test_keys_of_a_secret_come_and_go_and_the_others_keep_their_values(login: str, played: PlayedKubernetes) -> None:
    kind, inputs = GeneratedSecret(), inputs_of(GeneratedSecret(), login)
    kind.create(NOBODY, {**inputs, "keys": ["stays", "goes"]}, "urn")
    played.objects[f"{LAB}/hmac"]["data"]["foreign"] = "eA=="
    before = dict(played.objects[f"{LAB}/hmac"]["data"])
    more = {**inputs, "keys": ["stays", "comes"]}
    assert kind.update(NOBODY, "lab/hmac", {**inputs, "keys": ["stays", "goes"]}, more).properties == more
    after = played.objects[f"{LAB}/hmac"]["data"]
    assert set(after) == {"stays", "comes", "foreign"}
    assert {key: after[key] for key in ("stays", "foreign")} == {key: before[key] for key in ("stays", "foreign")}
    found = kind.read(NOBODY, "lab/hmac", {**more, "keys": ["stays", "goes"]}, more)
    assert found is not None
    assert found.properties["keys"] == ["stays"]
