"""Notebooks: who comes in, where they run, and what the hub may do there."""

from __future__ import annotations

from typing import Any

from infra.toolchain.notebooks import jupyterhub, with_own_token
from tests.support.environments import CATALOG, PROD, changed
from tests.support.restricted import problems_of

DEV, RELEASE = CATALOG.load("dev")
VALUES = jupyterhub(PROD, RELEASE).values


def config(name: str) -> dict[str, Any]:
    return dict(VALUES["hub"]["config"][name])


def test_members_of_the_team_come_in_and_administrators_look_after_them() -> None:
    environment = changed(
        PROD,
        {"cluster.teams.research.members": ["data-science", "ml-engineers"], "cluster.access.viewers": ["auditors"]},
    )
    authenticator = jupyterhub(environment, RELEASE).values["hub"]["config"]["GenericOAuthenticator"]
    assert authenticator["allowed_groups"] == ["data-science", "ml-engineers"]  # and not ml-operations, another team's
    assert authenticator["admin_groups"] == ["platform-admins"]
    assert "allow_all" not in authenticator


def test_people_are_sent_back_to_where_the_issuer_lets_them() -> None:
    assert (
        config("GenericOAuthenticator")["oauth_callback_url"]
        == "https://notebooks.prod.example.internal/hub/oauth_callback"
    )
    assert config("GenericOAuthenticator")["client_id"] == "notebooks"


def test_pods_run_where_the_hub_may_make_them_and_it_may_read_no_secrets() -> None:
    component = jupyterhub(PROD, RELEASE)
    role, binding = component.before
    space = config("KubeSpawner")["namespace"]
    assert space in PROD.cluster.teams["research"].namespaces
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == space
    assert {name for rule in role["rules"] for name in rule["resources"]} == {
        "pods",
        "persistentvolumeclaims",
        "events",
    }
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "hub", "namespace": "jupyterhub"}]


def test_a_restricted_namespace_takes_the_pods() -> None:
    made = {"runAsUser": 1000, "allowPrivilegeEscalation": False}  # KubeSpawner's own part
    assert problems_of({}, {**made, **config("KubeSpawner")["container_security_context"]}) == []
    assert VALUES["singleuser"]["cloudMetadata"] == {"blockWithIptables": False}


def test_a_profile_with_a_gpu_asks_for_one_of_its_kind_and_is_not_the_first() -> None:
    small, gpu = VALUES["singleuser"]["profileList"]
    override = gpu["kubespawner_override"]
    assert override["extra_resource_limits"] == {"nvidia.com/gpu": "1"}
    assert override["node_selector"] == {"slipway.dev/gpu": "h100-pcie"}
    assert override["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert override["image"] == RELEASE.images["notebook-gpu"].reference
    assert set(small["kubespawner_override"]) == {"cpu_guarantee", "cpu_limit", "mem_guarantee", "mem_limit"}


def test_notebooks_stand_in_the_team_s_queue_where_there_are_queues() -> None:
    without = changed(PROD, {"cluster.queues": False})
    assert VALUES["singleuser"]["extraLabels"] == {"kueue.x-k8s.io/queue-name": "team"}
    assert "extraLabels" not in jupyterhub(without, RELEASE).values["singleuser"]


def test_notebooks_know_of_other_tools_that_are_there() -> None:
    alone = changed(PROD, {"toolchain.experiments": None, "toolchain.data": None})
    assert "MLFLOW_TRACKING_URI" in VALUES["singleuser"]["extraEnv"]
    assert "LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY" in VALUES["singleuser"]["extraEnv"]
    assert jupyterhub(alone, RELEASE).values["singleuser"]["extraEnv"] == {}


def test_hub_and_proxy_share_a_token_of_ours() -> None:
    theirs = {"secretKeyRef": {"name": "hub", "key": "hub.config.ConfigurableHTTPProxy.auth_token"}}
    other = {"name": "PYTHONUNBUFFERED", "value": "1"}
    env = [{"name": "CONFIGPROXY_AUTH_TOKEN", "valueFrom": theirs}, other]
    deployment = {
        "kind": "Deployment",
        "spec": {"template": {"spec": {"containers": [{"name": "hub", "env": env}, {}]}}},
    }
    (changed_one, _) = with_own_token(deployment)["spec"]["template"]["spec"]["containers"]
    ours = {"secretKeyRef": {"name": "jupyterhub", "key": "proxyToken"}}
    assert changed_one["env"] == [{"name": "CONFIGPROXY_AUTH_TOKEN", "valueFrom": ours}, other]
    (secret,) = [each for each in jupyterhub(PROD, RELEASE).secrets if each.name == "jupyterhub"]
    assert secret.fill({name: f"<{name}>" for name in secret.sources})["proxyToken"] == "<made:jupyterhub-proxy>"
    assert with_own_token({"kind": "Secret", "spec": deployment["spec"]}) == {
        "kind": "Secret",
        "spec": deployment["spec"],
    }
