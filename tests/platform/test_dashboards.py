"""Dashboards: Grafana's JSON as it is made, and queries that Prometheus understands."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from infra.catalog import ROOT
from infra.platform.dashboards import COLUMNS, Description, dashboard, dashboards, descriptions
from infra.platform.rules import rule_groups
from tests.platform.test_rules import LAYERS, promtool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = [(layer, name) for layer in LAYERS for name in dashboards(layer)]
GRAFANAS_OWN = {"$__rate_interval": "5m", "$__range": "1h"}
LEFT_OPEN = re.compile(r"\$[a-zA-Z_{]")
RECORDED = re.compile(r"slipway:[a-z_]+:\w+")
SMALL: dict[str, Any] = {
    "title": "Small",
    "uid": "small",
    "rows": [
        {"title": "First", "panels": [{"title": name, "queries": [{"promql": "up"}]} for name in ("a", "b", "c")]},
        {"title": "Second", "panels": [{"title": "a", "kind": "logs", "queries": [{"logql": '{job="a"}'}]}]},
    ],
}


def expressions(layer: str, name: str) -> list[str]:
    """Return the PromQL of a dashboard, with everything filled in that Grafana fills in."""
    description = descriptions(layer)[name]
    found = []
    for query in (query for row in description.rows for panel in row.panels for query in panel.queries):
        text = query.promql
        for variable, value in {**GRAFANAS_OWN, **{f"${each.name}": ".*" for each in description.variables}}.items():
            text = text.replace(variable, value)
        assert not LEFT_OPEN.search(text), text
        found += [text] if text else []
    return found


@pytest.mark.parametrize(("layer", "name"), NAMES)
def test_the_dashboard_is_as_expected(layer: str, name: str, golden: Callable[[str, str], None]) -> None:
    text = json.dumps(dashboards(layer)[name], indent=2, ensure_ascii=False) + "\n"
    golden(f"{layer}/dashboards/{name}.json", text)


@pytest.mark.parametrize(("layer", "name"), NAMES)
def test_prometheus_understands_every_query(layer: str, name: str, tmp_path: Path) -> None:
    rules = [{"record": f"query:{number}", "expr": text} for number, text in enumerate(expressions(layer, name))]
    assert rules
    path = tmp_path / "queries.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump({"groups": [{"name": "queries", "rules": rules}]}, file)
    promtool("check", "rules", path)


@pytest.mark.parametrize(("layer", "name"), NAMES)
def test_what_is_recorded_for_a_dashboard_is_recorded_somewhere(layer: str, name: str) -> None:
    recorded = {
        rule["record"]
        for each in LAYERS
        for content in rule_groups(each).values()
        for group in content["groups"]
        for rule in group["rules"]
        if "record" in rule
    }
    assert {found for text in expressions(layer, name) for found in RECORDED.findall(text)} - recorded == set()


@pytest.mark.parametrize(("layer", "name"), NAMES)
def test_panels_stand_beside_each_other_and_have_numbers_of_their_own(layer: str, name: str) -> None:
    panels = dashboards(layer)[name]["panels"]
    numbers = [panel["id"] for panel in panels]
    assert len(set(numbers)) == len(numbers)
    places = [panel["gridPos"] for panel in panels]
    assert all(place["x"] + place["w"] <= COLUMNS for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]


def test_no_two_dashboards_have_one_uid() -> None:
    uids = [dashboards(layer)[name]["uid"] for layer, name in NAMES]
    assert len(set(uids)) == len(uids)


def test_a_panel_keeps_its_number_when_another_comes_before_it() -> None:
    first = {"title": "new", "queries": [{"promql": "up"}]}
    longer = SMALL | {"rows": [{"title": "First", "panels": [first, *SMALL["rows"][0]["panels"]]}, SMALL["rows"][1]]}
    before, after = (dashboard(Description.model_validate(each))["panels"] for each in (SMALL, longer))
    assert {panel["id"] for panel in before} < {panel["id"] for panel in after}


def test_what_does_not_fit_beside_begins_a_new_line() -> None:
    places = [panel["gridPos"] for panel in dashboard(Description.model_validate(SMALL))["panels"]]
    assert [(place["x"], place["y"]) for place in places] == [(0, 0), (0, 1), (12, 1), (0, 9), (0, 17), (0, 18)]


def test_logs_come_from_loki_and_all_else_from_prometheus() -> None:
    panels = dashboard(Description.model_validate(SMALL))["panels"]
    assert [panel["datasource"]["uid"] for panel in panels if panel["type"] != "row"] == ["prometheus"] * 3 + ["loki"]


def test_a_description_with_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="colour"):
        Description.model_validate(SMALL | {"colour": "red"})


@pytest.mark.parametrize(("layer", "name"), NAMES)
def test_every_description_says_where_its_metrics_come_from(layer: str, name: str) -> None:
    text = (ROOT / "templates" / layer / "dashboards" / f"{name}.yaml").read_text(encoding="utf-8")
    assert "Metrics: " in text.partition("title:")[0]
