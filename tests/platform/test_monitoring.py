"""Prometheus and Grafana: who may what, what stays out of values, what there is more of in a larger cluster."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from infra.components.component import TEAM_LABEL
from infra.model.environment import Environment
from infra.platform.monitoring import monitoring, role_path
from infra.platform.rules import rule_groups
from infra.render import TEMPLATES
from rehearsal.contract.reference import VARIABLE, reference_folder
from tests.conftest import ELSEWHERE
from tests.support.environments import CATALOG, PROD, RELEASE, changed, document

DEV, _ = CATALOG.load("dev")
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def values(environment: Environment) -> dict[str, Any]:
    return monitoring(environment, RELEASE).values


def grafana(environment: Environment) -> dict[str, Any]:
    found: dict[str, Any] = values(environment)["grafana"]["grafana.ini"]
    return found


def objects(environment: Environment, kind: str) -> dict[str, dict[str, Any]]:
    component = monitoring(environment, RELEASE)
    return {each["metadata"]["name"]: each for each in component.after if each["kind"] == kind}


def without_certificates(environment: Environment) -> Environment:
    """Return an environment that says that there is no cert-manager: a missing key means that there is one."""
    data = document(environment)
    data["cluster"]["certificates"] = None
    return Environment.model_validate(data)


def test_the_groups_of_a_document_have_their_roles_in_grafana() -> None:
    viewers = {"platform.monitoring.viewers": ["guests"], "cluster.teams.research.viewers": ["readers"]}
    assert role_path(changed(DEV, viewers)) == (
        "(contains(groups[*], 'platform-admins')) && 'GrafanaAdmin'"
        " || (contains(groups[*], 'ml-engineers')) && 'Editor'"
        " || (contains(groups[*], 'auditors') || contains(groups[*], 'guests') || contains(groups[*], 'readers'))"
        " && 'Viewer'"
    )


def test_a_group_has_its_best_role_alone() -> None:
    both = {"cluster.teams.research.members": ["platform-admins"], "platform.monitoring.viewers": ["platform-admins"]}
    assert role_path(changed(DEV, both)).count("platform-admins") == 1


def test_who_is_in_no_group_of_the_document_is_not_let_in() -> None:
    nobody = changed(DEV, {"cluster.access": None, "cluster.teams.research.members": []})
    assert role_path(nobody) == ""
    assert grafana(nobody)["auth.generic_oauth"]["role_attribute_strict"] is True


@pytest.mark.parametrize("missing", ["cluster.signIn", "cluster.gateway"])
def test_without_sign_in_grafana_has_its_own_administrator(missing: str) -> None:
    environment = changed(DEV, dict.fromkeys({missing, "cluster.signIn"}))
    component = monitoring(environment, RELEASE)
    assert "auth.generic_oauth" not in grafana(environment)
    assert [each.name for each in component.secrets] == ["grafana", "alertmanager-configuration"]
    assert "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET" not in component.values["grafana"]["envValueFrom"]


def test_no_secret_stands_in_the_values() -> None:
    component = monitoring(PROD, RELEASE)
    filled = {each.name: each.fill({source: f"<{source}>" for source in each.sources}) for each in component.secrets}
    assert filled["grafana"]["admin-password"] == "<made:grafana-administrator>"
    assert filled["client-grafana"] == {"clientSecret": "<below:client-grafana>"}
    assert "slipway:alertWebhook" in filled["alertmanager-configuration"]["alertmanager.yaml"]
    text = json.dumps(component.values)
    assert "<" not in text
    assert all(secret in text for secret in ("grafana", "client-grafana", "alertmanager-configuration"))


def test_grafana_is_left_with_the_plugins_of_its_image() -> None:
    """It would replace its own data sources by newer ones from outside, and lose them where there is no outside."""
    assert grafana(DEV)["plugins"]["preinstall_disabled"] is True
    assert grafana(DEV)["plugins"]["preinstall_auto_update"] is False


def test_grafana_s_helpers_read_no_secrets() -> None:
    (role,) = [each for each in monitoring(DEV, RELEASE).before if each["kind"] == "ClusterRole"]
    assert [rule["resources"] for rule in role["rules"]] == [["configmaps"]]
    assert values(DEV)["grafana"]["rbac"]["useExistingClusterRole"] == role["metadata"]["name"]
    assert {each["resource"] for key, each in values(DEV)["grafana"]["sidecar"].items() if key != "resources"} == {
        "configmap"
    }


def test_prometheus_keeps_what_its_volume_has_room_for() -> None:
    spec = values(changed(DEV, {"platform.monitoring.storageGiB": 1}))["prometheus"]["prometheusSpec"]
    assert spec["storageSpec"]["volumeClaimTemplate"]["spec"]["resources"]["requests"]["storage"] == "1Gi"
    assert spec["retentionSize"] == "870MB"
    assert spec["retention"] == "7d"


def test_more_nodes_are_more_to_keep_in_mind() -> None:
    def memory(environment: Environment) -> int:
        found = values(environment)["prometheus"]["prometheusSpec"]["resources"]["requests"]["memory"]
        return int(found.removesuffix("Mi"))

    one_more = changed(DEV, {"nodePools.cpu.count": 3})
    assert memory(one_more) - memory(DEV) == 128


@pytest.mark.parametrize(("workers", "expected"), [(1, 1), (2, 2)])
def test_a_second_alertmanager_needs_a_second_node(workers: int, expected: int) -> None:
    found = values(changed(DEV, {"nodePools.cpu.count": workers}))["alertmanager"]
    assert found["alertmanagerSpec"]["replicas"] == expected
    assert found["podDisruptionBudget"]["enabled"] is (expected > 1)


def test_what_the_operator_runs_is_what_the_chart_would_have_it_run() -> None:
    """Images that no container names have to be in the release, or no bundle has them."""
    folder = reference_folder("charts")
    if folder is None:
        pytest.skip(f"{ELSEWHERE}{VARIABLE} names no folder with the values of real charts")
    chart = folder / "kube-prometheus-stack" / RELEASE.charts["kube-prometheus-stack"].version
    theirs = yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))
    version = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))["appVersion"]
    for path in (
        ("prometheus", "prometheusSpec"),
        ("alertmanager", "alertmanagerSpec"),
        ("prometheusOperator", "prometheusConfigReloader"),
    ):
        own, default = values(DEV)[path[0]][path[1]]["image"], theirs[path[0]][path[1]]["image"]
        assert own == {key: default[key] or (version if key == "tag" else "") for key in own}


def test_pinned_images_name_their_digest() -> None:
    images = {
        name: image.model_copy(update={"digest": f"sha256:{'ab' * 32}"}) for name, image in RELEASE.images.items()
    }
    pinned = monitoring(DEV, RELEASE.model_copy(update={"images": images})).values
    assert pinned["prometheus"]["prometheusSpec"]["image"]["sha"] == "ab" * 32


def test_alertmanager_trusts_the_authorities_of_the_site() -> None:
    """Mail servers of a site often have certificates that no public authority has signed."""
    site = changed(DEV, {"firstBoot.trustedAuthorities": [CERTIFICATE]})
    (secret,) = [each for each in monitoring(site, RELEASE).before if each["kind"] == "Secret"]
    spec = values(site)["alertmanager"]["alertmanagerSpec"]
    (volume,), (mount,) = spec["volumes"], spec["volumeMounts"]
    assert volume["secret"]["secretName"] == secret["metadata"]["name"]
    assert spec["containers"] == [
        {"name": "alertmanager", "env": [{"name": "SSL_CERT_DIR", "value": mount["mountPath"]}]}
    ]
    silent = changed(site, {"platform.monitoring.alerts": None})
    assert "volumes" not in values(silent)["alertmanager"]["alertmanagerSpec"]
    assert "volumes" not in values(DEV)["alertmanager"]["alertmanagerSpec"]


def test_without_cert_manager_there_are_no_webhooks() -> None:
    operator = values(without_certificates(DEV))["prometheusOperator"]
    assert not operator["tls"]["enabled"]
    assert not operator["admissionWebhooks"]["enabled"]
    assert not operator["admissionWebhooks"]["certManager"]["enabled"]


def test_prometheus_takes_monitors_and_rules_of_every_namespace() -> None:
    spec = values(DEV)["prometheus"]["prometheusSpec"]
    assert {key: value for key, value in spec.items() if key.endswith("NilUsesHelmValues")} == {
        f"{kind}SelectorNilUsesHelmValues": False
        for kind in ("podMonitor", "probe", "rule", "scrapeConfig", "serviceMonitor")
    }


def test_only_what_is_there_is_asked_for_figures() -> None:
    assert set(objects(DEV, "ServiceMonitor")) == {"cert-manager", "kueue", "nvidia-dcgm-exporter"}
    assert set(objects(DEV, "PodMonitor")) == {"gateway"}
    less = without_certificates(changed(DEV, {"cluster.queues": False, "cluster.gpu.metrics": False}))
    assert set(objects(less, "ServiceMonitor")) == set()
    assert set(objects(changed(DEV, {"cluster.gateway": None, "cluster.signIn": None}), "PodMonitor")) == set()


def test_every_rule_file_and_every_dashboard_is_an_object() -> None:
    rules = objects(DEV, "PrometheusRule")
    assert {each["metadata"]["name"]: each["spec"] for each in rules.values()} == {
        f"slipway-{name}": spec for name, spec in rule_groups("platform").items()
    }
    boards = objects(DEV, "ConfigMap").values()
    files = [name for each in boards for name in each["data"]]
    assert len(set(files)) == len(list((TEMPLATES / "platform" / "dashboards").glob("*.yaml")))
    assert all(each["metadata"]["labels"] == {"grafana_dashboard": "1"} for each in boards)
    assert all(json.loads(text)["uid"] for each in boards for text in each["data"].values())


def test_rules_find_the_labels_that_they_join_with() -> None:
    allowed = " ".join(values(DEV)["kube-state-metrics"]["metricLabelsAllowlist"])
    asked = json.dumps(rule_groups("platform")["labels"])
    assert TEAM_LABEL in allowed
    for label in ("slipway.dev/node-pool", "slipway.dev/team"):
        assert label in allowed
        assert f"label_{label.replace('.', '_').replace('/', '_').replace('-', '_')}" in asked


def test_logs_are_a_data_source_where_they_are_kept() -> None:
    assert [each["uid"] for each in values(DEV)["grafana"]["additionalDataSources"]] == ["loki"]
    without = values(changed(DEV, {"platform.monitoring.logs": None}))
    assert "additionalDataSources" not in without["grafana"]


def test_alerts_of_what_nobody_asked_for_are_left_out() -> None:
    def alerts(environment: Environment) -> set[str]:
        rules = [each for each in monitoring(environment, RELEASE).after if each["kind"] == "PrometheusRule"]
        return {r["alert"] for each in rules for g in each["spec"]["groups"] for r in g["rules"] if "alert" in r}

    asked = alerts(DEV)
    assert {"DatabaseNeverBackedUp", "GpuMetricsMissing"} <= asked
    without = alerts(changed(DEV, {"platform.backups": None, "cluster.gpu.metrics": False}))
    assert asked - without == {"DatabaseNeverBackedUp", "GpuMetricsMissing"}
