"""What is watched of teams' applications and models, and whom their pods may talk to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.toolchain.applications import NAMESPACE, applications
from tests.support.environments import CATALOG, PROD, RELEASE, changed

if TYPE_CHECKING:
    from infra.model.environment import Environment

DEV, _ = CATALOG.load("dev")
WATCHED = (8080, 9090)


def objects(environment: Environment, kind: str) -> dict[str, dict[str, Any]]:
    component = applications(environment, RELEASE)
    found = [each for each in (*component.before, *component.after) if each["kind"] == kind]
    return {f"{each['metadata']['namespace']}/{each['metadata']['name']}": each for each in found}


def test_every_namespace_of_a_team_refuses_what_no_link_allows() -> None:
    policies = objects(PROD, "CiliumNetworkPolicy")
    assert sorted(policies) == ["notebooks/as-linked", "research/as-linked", "serving/as-linked"]
    for each in policies.values():
        assert each["spec"]["endpointSelector"] == {}
        assert "world" not in str(each["spec"]["egress"])


def test_prometheus_may_ask_pods_at_the_ports_that_are_promised() -> None:
    ingress = objects(DEV, "CiliumNetworkPolicy")["research/as-linked"]["spec"]["ingress"]
    asked = [rule for rule in ingress if "'monitoring'" in str(rule.get("fromEndpoints"))]
    ports = sorted(int(port["port"]) for rule in asked for each in rule["toPorts"] for port in each["ports"])
    assert ports == list(WATCHED)


def test_pods_of_teams_alone_are_asked_for_figures() -> None:
    monitors = objects(PROD, "PodMonitor")
    assert sorted(monitors) == [f"{NAMESPACE}/models", f"{NAMESPACE}/pods-of-teams"]
    for each in monitors.values():
        assert each["spec"]["namespaceSelector"] == {"matchNames": ["notebooks", "research", "serving"]}


def test_without_teams_nobody_s_pods_are_asked() -> None:
    """No namespaces would mean the monitor's own."""
    alone: dict[str, Any] = {"cluster.teams": {}, "toolchain.notebooks": None}
    assert objects(changed(DEV, alone), "PodMonitor") == {}


def test_models_are_watched_where_there_are_any() -> None:
    assert sorted(objects(changed(DEV, {"toolchain.serving": None}), "PodMonitor")) == [f"{NAMESPACE}/pods-of-teams"]


def test_rules_and_dashboards_of_the_toolchain_are_told_to_the_monitoring() -> None:
    assert f"{NAMESPACE}/slipway-deliveries" in objects(DEV, "PrometheusRule")
    boards = objects(DEV, "ConfigMap")
    assert f"{NAMESPACE}/dashboard-serving" in boards
    assert all(each["metadata"]["labels"] == {"grafana_dashboard": "1"} for each in boards.values())
