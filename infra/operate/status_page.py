"""The status of an environment as a page: one HTML file that needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.render import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.operate.tools_status import ToolStatus

_AREAS = {"ground": "what tools stand on"}


@dataclass(frozen=True)
class LayerRow:
    """A layer as its state has it, in words."""

    layer: str
    resources: str
    last_run: str
    result: str


@dataclass(frozen=True)
class Status:
    """Everything that is told of an environment; `nodes` are those of the compute layer's hand-over."""

    environment: str
    release: str
    layers: tuple[LayerRow, ...]
    nodes: tuple[Mapping[str, Any], ...]
    tools: tuple[ToolStatus, ...]
    notes: tuple[str, ...]


def status_page(status: Status) -> str:
    """Return the page as HTML: light and dark, without scripts, fonts or pictures from elsewhere."""
    areas: dict[str, list[ToolStatus]] = {}
    for tool in status.tools:
        areas.setdefault(_AREAS.get(tool.area, tool.area), []).append(tool)
    counts = {state: sum(tool.state == state for tool in status.tools) for state in ("ready", "not ready", "unknown")}
    return render("pages/status.html.j2", {"status": status, "areas": areas, "counts": counts})
