"""The admission of an object, as a kind of resource: a component's webhooks are waited for, and nothing is made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra.kubernetes_api import ApiRefused
from infra.vsphere.provider import admission_kind
from infra.vsphere.provider.admission_kind import Admission
from infra.vsphere.provider.kinds import Login

if TYPE_CHECKING:
    from tests.support.played_kubernetes import PlayedKubernetes

NOBODY = Login("", "", "")
PATH = "/apis/cert-manager.io/v1/namespaces/cert-manager/issuers"
NOT_YET = json.dumps({"kind": "Status", "message": "failed calling webhook: certificate signed by unknown authority"})


def inputs_of(login: str) -> dict[str, Any]:
    probe = {"metadata": {"name": "probe"}, "spec": {"selfSigned": {}}}
    return {"kubeconfig": login, "path": PATH, "manifest": json.dumps(probe), "version": "v1.21.1"}


def test_what_a_webhook_refuses_for_a_while_is_tried_again_without_making_it(
    login: str, played: PlayedKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission_kind, "_PAUSE", 0.01)
    played.answers += [(500, NOT_YET), (500, NOT_YET)]
    made = Admission().create(NOBODY, inputs_of(login), "urn")
    assert (made.id, made.properties) == (PATH, inputs_of(login))
    assert played.asked == [f"POST {PATH}?dryRun=All"] * 3


def test_what_is_never_let_pass_is_said_as_the_api_says_it(
    login: str, played: PlayedKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission_kind, "PATIENCE", -1.0)
    played.answers += [(500, NOT_YET)]
    with pytest.raises(ApiRefused) as refused:
        Admission().create(NOBODY, inputs_of(login), "urn")
    assert str(refused.value).endswith("500 failed calling webhook: certificate signed by unknown authority")


def test_a_new_version_is_tried_again(login: str) -> None:
    state = inputs_of(login)
    found = Admission().changes(state, {**state, "version": "v1.22.0"})
    assert [(change.path, change.replaces) for change in found] == [("version", False)]
