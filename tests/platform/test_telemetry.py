"""Logs and figures on their way: what the collector takes and where it brings it, what Loki does with it."""

from __future__ import annotations

from typing import Any

from infra.platform.logs import SECRET, logs
from infra.platform.monitoring import monitoring
from infra.platform.telemetry import NAMES, telemetry
from tests.support.environments import CATALOG, PROD, RELEASE, changed

DEV, _ = CATALOG.load("dev")
WITHOUT_LOGS = changed(DEV, {"platform.monitoring.logs": None})
CONFIGURATION: dict[str, Any] = telemetry(DEV, RELEASE).values["alternateConfig"]
PIPELINES = CONFIGURATION["service"]["pipelines"]


def test_every_pipeline_is_made_of_what_is_there() -> None:
    by_preset = {"k8s_attributes"}  # the chart's preset adds it
    for pipeline in PIPELINES.values():
        assert set(pipeline["receivers"]) <= set(CONFIGURATION["receivers"])
        assert set(pipeline["processors"]) <= {*CONFIGURATION["processors"], *by_preset}
        assert set(pipeline["exporters"]) <= set(CONFIGURATION["exporters"])
    assert set(CONFIGURATION["service"]["extensions"]) <= set(CONFIGURATION["extensions"])


def test_nobody_speaks_for_another_pod() -> None:
    """What senders say of themselves goes before it is found out who they are; what is found is named after that."""
    claims = {each["key"] for each in CONFIGURATION["processors"]["resource/unclaimed"]["attributes"]}
    assert {"k8s.pod.ip", "k8s.pod.uid", "k8s.namespace.name", "namespace", "pod"} <= claims
    for pipeline in PIPELINES.values():
        if "otlp" in pipeline["receivers"]:
            order = [pipeline["processors"].index(name) for name in ("resource/unclaimed", "k8s_attributes")]
            assert order == sorted(order)
        assert pipeline["processors"][0] == "memory_limiter"
        assert pipeline["processors"][-2:] == ["resource/named", "batch"]


def test_traces_are_not_taken() -> None:
    assert not [name for name in PIPELINES if name.startswith("traces")]


def test_without_logs_no_file_of_a_node_is_read() -> None:
    with_logs, without = telemetry(DEV, RELEASE), telemetry(WITHOUT_LOGS, RELEASE)
    assert (with_logs.privileged, without.privileged) == (True, False)
    assert "loki" in with_logs.needs
    assert "loki" not in without.needs
    assert without.values["presets"]["logsCollection"] == {"enabled": False, "storeCheckpoints": False}
    assert set(without.values["alternateConfig"]["service"]["pipelines"]) == {"metrics"}
    assert without.values["securityContext"]["runAsNonRoot"] is True


def test_the_collector_runs_on_every_node_and_opens_no_port_of_it() -> None:
    values = telemetry(DEV, RELEASE).values
    assert values["tolerations"] == [{"operator": "Exists"}]
    assert [port for port in values["ports"].values() if port.get("hostPort")] == []


def test_figures_and_logs_are_found_by_the_same_names() -> None:
    promoted = monitoring(DEV, RELEASE).values["prometheus"]["prometheusSpec"]["otlp"]["promoteResourceAttributes"]
    assert promoted == sorted(NAMES)
    limits = logs(DEV, RELEASE).values["loki"]["structuredConfig"]["limits_config"]
    (labels,) = limits["otlp_config"]["resource_attributes"]["attributes_config"]
    assert "namespace" in labels["attributes"]
    assert set(labels["attributes"]) - {"service.name"} <= set(NAMES)


def test_logs_are_kept_as_long_as_the_document_says() -> None:
    loki = logs(PROD, RELEASE).values["loki"]
    assert loki["structuredConfig"]["limits_config"]["retention_period"] == "720h"
    assert loki["compactor"] == {"retention_enabled": True, "delete_request_store": "s3"}


def test_loki_logs_in_to_the_object_store_by_its_environment() -> None:
    component = logs(DEV, RELEASE)
    (secret,) = component.secrets
    filled = secret.fill({source: f"<{source}>" for source in secret.sources})
    store = component.values["loki"]["storage"]
    assert (store["s3"]["accessKeyId"], store["s3"]["secretAccessKey"]) == tuple(f"${{{name}}}" for name in filled)
    assert list(filled.values()) == ["loki", "<made:buckets-loki>"]
    assert component.values["singleBinary"]["extraEnvFrom"] == [{"secretRef": {"name": SECRET}}]
    assert store["bucketNames"] == {"chunks": "loki"}


def test_the_only_loki_keeps_no_node_from_being_drained() -> None:
    single = logs(PROD, RELEASE).values["singleBinary"]
    assert (single["replicas"], single["podDisruptionBudget"]["enabled"]) == (1, False)
