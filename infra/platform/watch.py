"""What a layer tells its monitoring: its alert rules for Prometheus, its dashboards for Grafana."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.components.component import manifest
from infra.platform.dashboards import dashboards
from infra.platform.rules import rule_groups

if TYPE_CHECKING:
    from collections.abc import Collection

    from infra.components.component import Manifest

API = "monitoring.coreos.com/v1"
DASHBOARD_LABEL = "grafana_dashboard"  # Grafana reads every ConfigMap with it, of all namespaces
FOLDER_ANNOTATION = "grafana_folder"  # the folder that it shows a dashboard in
_FOLDER = "Slipway"


def watch(layer: str, namespace: str, without: Collection[str] = ()) -> tuple[Manifest, ...]:
    """Return a PrometheusRule for each rule file of a layer, and a ConfigMap for each of its dashboards.

    Alerts named in `without` are left out: they would tell of something that a document does not ask for.
    """
    rules = [
        manifest("PrometheusRule", API, f"slipway-{name}", namespace, spec=_left(spec, without))
        for name, spec in sorted(rule_groups(layer).items())
    ]
    return (*rules, *(_dashboard(name, namespace, board) for name, board in sorted(dashboards(layer).items())))


def _left(spec: dict[str, Any], without: Collection[str]) -> dict[str, Any]:
    """Return rule groups without some alerts."""
    groups = [
        {**group, "rules": [rule for rule in group["rules"] if rule.get("alert") not in without]}
        for group in spec["groups"]
    ]
    return {**spec, "groups": groups}


def _dashboard(name: str, namespace: str, content: dict[str, Any]) -> Manifest:
    """Return the ConfigMap of a dashboard; its file's name is its own among all of them: they land in one folder."""
    data = {f"slipway-{name}.json": json.dumps(content, indent=2, sort_keys=True) + "\n"}
    made = manifest("ConfigMap", "v1", f"dashboard-{name}", namespace, labels={DASHBOARD_LABEL: "1"}, data=data)
    return {**made, "metadata": {**made["metadata"], "annotations": {FOLDER_ANNOTATION: _FOLDER}}}
