"""The dashboards of a layer: Grafana's JSON, made of short descriptions in `templates/<layer>/dashboards/<name>.yaml`.

A description says what is shown; where a panel stands, its number and all that Grafana wants besides is computed.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from infra.plain_yaml import read_yaml
from infra.render import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["timeseries", "stat", "gauge", "table", "logs"]
PROMETHEUS, LOKI = "prometheus", "loki"  # uids of the data sources
SCHEMA_VERSION = 41  # of the JSON; a newer Grafana brings it up to its own when it reads it
COLUMNS = 24  # of Grafana's grid
_HEIGHTS: dict[Kind, int] = {"stat": 4, "gauge": 6, "timeseries": 8, "table": 8, "logs": 10}
_WIDTHS: dict[Kind, int] = {"stat": 4, "gauge": 6, "timeseries": 12, "table": 12, "logs": 24}
_LARGEST_ID = 0x7FFFFFFF


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Query(_Closed):
    """What one series, or one column of a table, is: PromQL or LogQL, with the legend's text."""

    promql: str = ""
    logql: str = ""
    legend: str = ""


class Panel(_Closed):
    """One panel. `thresholds` are colours by the value they begin with; below the first it is green."""

    title: str
    kind: Kind = "timeseries"
    description: str = ""
    unit: str = "short"
    width: int = 0
    stacked: bool = False
    minimum: float | None = None
    maximum: float | None = None
    thresholds: dict[float, str] = Field(default_factory=dict)
    queries: list[Query] = Field(min_length=1)


class Row(_Closed):
    """A row's title and the panels under it, from left to right, as many as fit beside each other."""

    title: str
    panels: list[Panel] = Field(min_length=1)


class Variable(_Closed):
    """What can be chosen above the panels: the values of a label; all of them to begin with."""

    name: str
    label: str
    values: str  # label_values(<metric>, <label>)


class Description(_Closed):
    """One dashboard, as its file says it."""

    title: str
    uid: str
    tags: list[str] = Field(default_factory=list)
    since: str = "now-6h"
    refresh: str = "1m"
    variables: list[Variable] = Field(default_factory=list)
    rows: list[Row] = Field(min_length=1)


def descriptions(layer: str) -> dict[str, Description]:
    """Return what the files of a layer say, by name."""
    files = sorted((TEMPLATES / layer / "dashboards").glob("*.yaml"))
    return {path.stem: Description.model_validate(read_yaml(path.read_text(encoding="utf-8"))) for path in files}


def dashboards(layer: str) -> dict[str, dict[str, Any]]:
    """Return the dashboards of a layer by name, each as Grafana reads it."""
    return {name: dashboard(description) for name, description in descriptions(layer).items()}


def dashboard(description: Description) -> dict[str, Any]:
    """Return Grafana's JSON of one dashboard."""
    return {
        "uid": description.uid,
        "title": description.title,
        "tags": ["slipway", *description.tags],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,  # the crosshair is shared
        "timezone": "browser",
        "refresh": description.refresh,
        "time": {"from": description.since, "to": "now"},
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": [_variable(variable) for variable in description.variables]},
        "panels": list(_panels(description)),
    }


def _panels(description: Description) -> Iterator[dict[str, Any]]:
    top = 0
    for row in description.rows:
        yield _row(row, top)
        left, line, lowest = 0, top + 1, top + 1
        for panel in row.panels:
            width, height = panel.width or _WIDTHS[panel.kind], _HEIGHTS[panel.kind]
            if left + width > COLUMNS:
                left, line = 0, lowest
            yield _panel(row, panel, {"x": left, "y": line, "w": width, "h": height})
            left, lowest = left + width, max(lowest, line + height)
        top = lowest


def _row(row: Row, top: int) -> dict[str, Any]:
    place = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
    return {"id": _id(row.title), "type": "row", "title": row.title, "collapsed": False, "gridPos": place, "panels": []}


def _id(*titles: str) -> int:
    """Return a panel's number. It comes from its titles, so that it stays when others come or go."""
    return zlib.crc32("/".join(titles).encode()) % _LARGEST_ID + 1


def _panel(row: Row, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": _id(row.title, panel.title),
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "gridPos": place,
        "datasource": _source(panel.queries[0]),
        "targets": [_target(panel, query, chr(ord("A") + number)) for number, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel.kind),
    }
    if panel.kind == "table":
        hidden = {"Time": True, **{f"Time {number + 1}": True for number in range(len(panel.queries))}}
        made["transformations"] = [
            {"id": "merge", "options": {}},
            {"id": "organize", "options": {"excludeByName": hidden}},
        ]
    return made


def _source(query: Query) -> dict[str, str]:
    kind = LOKI if query.logql else PROMETHEUS
    return {"type": kind, "uid": kind}


def _target(panel: Panel, query: Query, reference: str) -> dict[str, Any]:
    at_once = panel.kind == "table"
    return {
        "refId": reference,
        "datasource": _source(query),
        "expr": (query.logql or query.promql).strip(),
        "legendFormat": query.legend or "__auto",
        "format": "table" if at_once else "time_series",
        "instant": at_once,
        "range": not at_once,
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    steps += [{"color": colour, "value": value} for value, colour in sorted(panel.thresholds.items())]
    defaults: dict[str, Any] = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.minimum is not None:
        defaults["min"] = panel.minimum
    if panel.maximum is not None:
        defaults["max"] = panel.maximum
    if panel.kind == "timeseries":
        mode = "normal" if panel.stacked else "none"
        defaults["custom"] = {"fillOpacity": 30 if panel.stacked else 10, "stacking": {"group": "A", "mode": mode}}
    else:
        defaults["color"] = {"mode": "thresholds"}
    return defaults


def _options(kind: Kind) -> dict[str, Any]:
    if kind in ("stat", "gauge"):
        return {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    if kind == "timeseries":
        legend = {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "max"]}
        return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    if kind == "logs":
        return {"showTime": True, "wrapLogMessage": True, "sortOrder": "Descending", "enableLogDetails": True}
    return {"showHeader": True, "cellHeight": "sm"}


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": {"type": PROMETHEUS, "uid": PROMETHEUS},
        "definition": variable.values,
        "query": {"query": variable.values, "refId": variable.name},
        "refresh": 2,  # whenever the time range changes
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",  # what has no such label is shown as well
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }
