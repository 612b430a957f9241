"""The values that are set, held against what the real charts take; and what charts do that has to be switched off."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from infra.catalog import ROOT
from infra.layer_plans import all_components
from rehearsal.contract.reference import VARIABLE, reference_folder
from tests.conftest import ELSEWHERE
from tests.support.environments import CATALOG, PROD, RELEASE, changed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.components.component import Component

TRAPS = {
    name: traps
    for layer in ("cluster", "platform", "toolchain")
    for name, traps in (yaml.safe_load((ROOT / "templates" / layer / "traps.yaml").read_text()) or {}).items()
}
# Charts whose values are at hand in another version than the release pins, and why.
_AT_HAND = {"gitea": "0.0.0-main-20251209"}  # releases of this chart are published without their sources
# Charts within charts: the key of their values, and where those stand.
_WITHIN = {"kube-prometheus-stack": {"grafana": "grafana/12.11.1"}}
# A program's own configuration among the values: everything below goes that the program reads.
_CONFIGURATIONS = {"kube-prometheus-stack": "grafana.grafana.ini.", "gitea": "gitea.config."}
# Keys that a chart takes and shows in a comment alone: component, path, the line of its values.yaml that shows it.
SHOWN_IN_COMMENTS: dict[tuple[str, str], str] = {
    ("lakefs", "committedLocalCacheVolume"): "#committedLocalCacheVolume:",
    ("kube-prometheus-stack", "alertmanager.alertmanagerSpec.configSecret"): "    # configSecret:",
    ("loki", "loki.storage.bucketNames"): "    # bucketNames:",
    ("opentelemetry-collector", "service.enabled"): "  # enabled: true",
    ("harbor", "persistence.imageChartStorage.s3.existingSecret"): '#existingSecret: ""',
    ("harbor", "persistence.imageChartStorage.s3.regionendpoint"): "#regionendpoint: http://myobjects.local",
    ("harbor", "caBundleSecretName"): '# caBundleSecretName: ""',
    **{
        ("harbor", f"{part}.resources"): "# resources:"
        for part in ("nginx", "portal", "core", "jobservice", "registry.registry", "registry.controller", "exporter")
    },
    ("harbor", "redis.internal.resources"): "# resources:",
    ("argo-cd", "configs.cm.oidc.config"): "# oidc.config: |",
    ("argo-workflows", "controller.pdb.maxUnavailable"): "    # maxUnavailable: 1",
    ("argo-workflows", "server.pdb.maxUnavailable"): "    # maxUnavailable: 1",
    ("argo-events", "controller.pdb.maxUnavailable"): "    # maxUnavailable: 0",
}
# Keys that a chart takes and does not show at all: component, path, the file of the chart that reads them.
READ_BY_TEMPLATES: dict[tuple[str, str], str] = {
    ("kube-prometheus-stack", "kube-state-metrics.metricLabelsAllowlist"): "charts/kube-state-metrics/values.yaml",
    ("kube-prometheus-stack", "kube-state-metrics.collectorsExclude"): "charts/kube-state-metrics/values.yaml",
    ("kube-prometheus-stack", "kube-state-metrics.resources"): "charts/kube-state-metrics/values.yaml",
    ("kube-prometheus-stack", "prometheus-node-exporter.tolerations"): "charts/prometheus-node-exporter/values.yaml",
    ("kube-prometheus-stack", "prometheus-node-exporter.resources"): "charts/prometheus-node-exporter/values.yaml",
    ("kube-prometheus-stack", "grafana.rbac.useExistingClusterRole"): "charts/grafana/values.yaml",
    ("gitea", "podSecurityContext.fsGroupChangePolicy"): "templates/gitea/deployment.yaml",
    ("gitea", "podSecurityContext.runAsNonRoot"): "templates/gitea/deployment.yaml",
    ("gitea", "podSecurityContext.seccompProfile"): "templates/gitea/deployment.yaml",
    ("lakefs", "podSecurityContext"): "templates/deployment.yaml",
    ("lakefs", "securityContext"): "templates/deployment.yaml",
    ("mlflow", "podSecurityContext.seccompProfile"): "templates/deployment.yaml",
    ("zot", "podSecurityContext"): "templates/statefulset.yaml",
    ("zot", "securityContext"): "templates/statefulset.yaml",
    ("zot", "resources"): "templates/statefulset.yaml",
    ("kserve", "kserve.storage.containerSecurityContext.seccompProfile"): "files/common/storagecontainer-patch.yaml",
    ("kubeflow-trainer", "jobset.controller"): "its dependency jobset, values.yaml",
    ("jupyterhub", "hub.config.JupyterHub.hub_connect_url"): "files/hub/jupyterhub_config.py",
    ("jupyterhub", "hub.config.GenericOAuthenticator"): "files/hub/jupyterhub_config.py",
    ("jupyterhub", "hub.config.KubeSpawner"): "files/hub/jupyterhub_config.py",
    ("jupyterhub", "hub.config.CryptKeeper"): "templates/hub/_helpers-passwords.tpl",
    ("jupyterhub", "singleuser.extraLabels.kueue.x-k8s.io/queue-name"): "files/hub/jupyterhub_config.py",
}


def components() -> dict[str, Component]:
    """Return every component with a chart, each as the environment with the most values has it."""
    dev, _ = CATALOG.load("dev")
    layer_two = changed(PROD, {"cluster.network.bgp": None})
    small = changed(dev, {"platform.registry.kind": "zot"})
    found = [each for environment in (small, dev, layer_two, PROD) for each in all_components(environment, RELEASE)]
    return {each.name: each for each in found if each.chart}


COMPONENTS = components()


def chart(component: str) -> Path:
    """Return the folder with a chart's real values, or skip."""
    folder = reference_folder("charts")
    if folder is None:
        pytest.skip(f"{ELSEWHERE}{VARIABLE} names no folder with the values of real charts")
    pinned = RELEASE.charts[component]
    version = _AT_HAND.get(component, pinned.version)
    assert (folder / pinned.chart / version).is_dir(), f"{pinned.chart} {version}"
    return folder / pinned.chart / version


def taken_by(name: str) -> dict[str, Any]:
    """Return the values of a chart, laid over those of the charts within it that are at hand."""
    taken: dict[str, Any] = yaml.safe_load((chart(name) / "values.yaml").read_text(encoding="utf-8"))
    folder = reference_folder("charts")
    for key, place in _WITHIN.get(name, {}).items():
        assert folder is not None
        within = yaml.safe_load((folder / place / "values.yaml").read_text(encoding="utf-8"))
        taken[key] = over(within, taken[key])
    return taken


def unknown_keys(values: Any, taken: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of values that a chart's own do not have; below an empty mapping of theirs everything goes."""
    if not isinstance(values, dict) or not isinstance(taken, dict):
        return
    if not taken and path:
        return
    for key, value in values.items():
        here = f"{path}.{key}" if path else key
        if key not in taken:
            yield here
        else:
            yield from unknown_keys(value, taken[key], here)


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_every_value_is_one_that_the_chart_takes(name: str) -> None:
    taken = taken_by(name)
    lines = (chart(name) / "values.yaml").read_text(encoding="utf-8")
    known = {*SHOWN_IN_COMMENTS, *READ_BY_TEMPLATES}
    found = [path for path in unknown_keys(COMPONENTS[name].values, taken) if (name, path) not in known]
    assert [path for path in found if not path.startswith(_CONFIGURATIONS.get(name, "/"))] == []
    for (component, _), line in SHOWN_IN_COMMENTS.items():
        assert component != name or line in lines


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_every_value_is_of_the_type_that_the_chart_has(name: str) -> None:
    taken = taken_by(name)
    assert list(other_types(COMPONENTS[name].values, taken)) == []


def other_types(values: dict[str, Any], taken: dict[str, Any], path: str = "") -> Iterator[str]:
    for key, value in values.items():
        default = taken.get(key)
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict) and isinstance(default, dict):
            yield from other_types(value, default, here)
        elif default not in (None, "") and type(value) is not type(default):
            yield f"{here}: {type(value).__name__}, and the chart has {type(default).__name__}"


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_the_values_fit_the_chart_s_schema(name: str) -> None:
    file = chart(name) / "values.schema.json"
    if file.exists():
        taken = taken_by(name)
        jsonschema.validate(over(taken, COMPONENTS[name].values), json.loads(file.read_text(encoding="utf-8")))


def over(taken: Any, values: Any) -> Any:
    """Return values laid over those of a chart, as Helm does before it looks at the chart's schema."""
    if not isinstance(taken, dict) or not isinstance(values, dict):
        return values
    return {**taken, **{key: over(taken.get(key), value) for key, value in values.items()}}


def test_a_misspelt_key_is_found() -> None:
    assert list(unknown_keys({"a": {"b": 1, "x": 1}, "y": {}}, {"a": {"b": 0}, "z": {}})) == ["a.x", "y"]
    assert list(other_types({"a": "false"}, {"a": False})) == ["a: str, and the chart has bool"]


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, paths in TRAPS.items() for path in paths])
def test_what_charts_do_by_themselves_is_switched_off(name: str, path: str) -> None:
    wanted, why = TRAPS[name][path]
    value: Any = COMPONENTS[name].values
    for key in path.split("."):
        value = value[key]
    assert (value, why != "") == (wanted, True)


def test_what_the_hook_of_envoy_gateway_would_make_is_made_here() -> None:
    """The chart's job makes four Secrets: certificates of three, and a key for OAuth2."""
    component = COMPONENTS["envoy-gateway"]
    secrets = {each["spec"]["secretName"] for each in component.before if each["kind"] == "Certificate"}
    assert {"envoy", "envoy-gateway", "envoy-rate-limit"} <= secrets
    assert component.generated == {"envoy-oidc-hmac": ("hmac-secret",)}


def test_kueue_reads_its_configuration_as_the_chart_has_it() -> None:
    """Its configuration is a text among the values: its keys are held against the chart's own text."""
    own = yaml.safe_load(COMPONENTS["kueue"].values["managerConfig"]["controllerManagerConfigYaml"])
    text = yaml.safe_load((chart("kueue") / "values.yaml").read_text(encoding="utf-8"))
    theirs = yaml.safe_load(text["managerConfig"]["controllerManagerConfigYaml"])
    shown_in_comments = {"manageJobsWithoutQueueName", "managedJobsNamespaceSelector"}
    assert set(own) - set(theirs) == shown_in_comments
    lines = text["managerConfig"]["controllerManagerConfigYaml"] + (chart("kueue") / "values.yaml").read_text()
    assert all(f"#{key}" in lines or f"# {key}" in lines for key in shown_in_comments)
    assert set(own["integrations"]["frameworks"]) <= set(theirs["integrations"]["frameworks"])
    assert own["leaderElection"] == theirs["leaderElection"]
