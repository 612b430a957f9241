"""Signatures: what is looked at, what is refused, and how many answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.components.component import TEAM_LABEL
from infra.toolchain.policies import kyverno
from infra.toolchain.signing import key_secret, signing
from tests.support.environments import CATALOG, PROD, RELEASE, changed

if TYPE_CHECKING:
    from infra.model.environment import Environment

DEV, _ = CATALOG.load("dev")
REGISTRY = "registry.prod.example.internal"


def policies(environment: Environment) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each["spec"] for each in signing(environment, RELEASE).after}


@pytest.mark.parametrize(("enforce", "action", "failure"), [(True, "Deny", "Fail"), (False, "Audit", "Ignore")])
def test_what_is_not_enforced_reports_and_stops_nothing(enforce: bool, action: str, failure: str) -> None:  # noqa: FBT001 - a case
    found = policies(changed(PROD, {"toolchain.signing.enforce": enforce}))
    for name in ("signed-images", "known-registries"):
        assert (found[name]["validationActions"], found[name]["failurePolicy"]) == ([action], failure)
    assert (found["pinned-images"]["validationActions"], found["pinned-images"]["failurePolicy"]) == (
        ["Audit"],
        "Ignore",
    )


def test_nothing_but_pods_of_teams_waits_for_kyverno() -> None:
    teams = {"matchExpressions": [{"key": TEAM_LABEL, "operator": "Exists"}]}
    assert kyverno(PROD, RELEASE).values["config"]["webhooks"]["namespaceSelector"] == teams
    for spec in policies(PROD).values():
        assert spec["matchConstraints"]["namespaceSelector"] == teams
        (rule,) = spec["matchConstraints"]["resourceRules"]
        assert rule["resources"] == ["pods", "pods/ephemeralcontainers"]
        assert spec["autogen"]["podControllers"]["controllers"] == []


def test_a_pod_that_was_let_in_is_looked_at_again_when_its_images_change_alone() -> None:
    for spec in policies(PROD).values():
        (condition,) = spec["matchConditions"]
        assert condition["expression"].startswith("request.operation == 'CREATE' || ")
        for part in (".containers", "?initContainers", "?ephemeralContainers"):
            assert condition["expression"].count(part) == 2  # of the new pod and of the old one


def test_images_of_the_registry_want_a_signature_but_for_its_copies() -> None:
    spec = policies(PROD)["signed-images"]
    (match,) = spec["matchImageReferences"]
    first, *others = match["expression"].split(" && ")
    assert first == f'ref.startsWith("{REGISTRY}/")'
    assert others == [f'!ref.startsWith("{REGISTRY}/{name}/")' for name in ("docker.io", "ghcr.io", "quay.io")]
    assert spec["validationConfigurations"] == {"mutateDigest": True, "verifyDigest": True, "required": True}


def test_the_key_and_the_login_that_kyverno_reads_are_where_it_looks() -> None:
    spec = policies(PROD)["signed-images"]
    (public,) = [each for each in signing(PROD, RELEASE).secrets if each.namespace == "kyverno"]
    key = spec["attestors"][0]["cosign"]["key"]["expression"]
    assert f'"{public.namespace}", "{public.name}").data["cosign.pub"]' in key
    assert set(public.fill(dict.fromkeys(public.sources, "PEM"))) == {"cosign.pub"}
    logins = {each.name for each in kyverno(PROD, RELEASE).secrets}
    assert set(spec["credentials"]["secrets"]) <= logins


def test_the_pair_is_one_in_every_namespace() -> None:
    assert key_secret("builds").sources == key_secret().sources
    assert set(key_secret().fill(dict.fromkeys(key_secret().sources, "x"))) == {
        "cosign.key",
        "cosign.password",
        "cosign.pub",
    }


def test_images_of_elsewhere_are_refused_but_those_of_the_release() -> None:
    others = policies(PROD)["known-registries"]["variables"][1]["expression"]
    assert f'image.startsWith("{REGISTRY}/")' in others
    assert RELEASE.images["python"].reference in others
    assert RELEASE.images["etcd"].reference not in others  # of the nodes themselves


@pytest.mark.parametrize(("workers", "pods"), [(2, 1), (3, 3)])
def test_several_answer_where_each_finds_a_node_of_its_own(workers: int, pods: int) -> None:
    values = kyverno(changed(DEV, {"nodePools.cpu.count": workers}), RELEASE).values["admissionController"]
    assert (values["replicas"], values["podDisruptionBudget"]["enabled"]) == (pods, pods > 1)
