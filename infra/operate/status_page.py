"""The status of an environment as a page: one HTML file that needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.render import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.operate.tools_status import ToolStatus

_AREAS = {"ground": "what tools stand on"}
PLAYED = "played: in a rehearsal no container runs; the nodes play the pods, and say when they are ready"
CONTRACT = "contract: the chart was not at hand, and what the release says of it stands in, in a rehearsal"


@dataclass(frozen=True)
class LayerRow:
    """A layer as its state has it, in words."""

    layer: str
    resources: str
    last_run: str
    result: str


@dataclass(frozen=True)
class Status:
    """Everything that is told of an environment; `nodes` are those of the compute layer's hand-over.

    `played` says that this is a rehearsal, where no container runs and nodes play what pods say.
    """

    environment: str
    release: str
    layers: tuple[LayerRow, ...]
    nodes: tuple[Mapping[str, Any], ...]
    tools: tuple[ToolStatus, ...]
    notes: tuple[str, ...]
    played: bool = False


def status_page(status: Status) -> str:
    """Return the page as HTML: light and dark, without scripts, fonts or pictures from elsewhere."""
    areas: dict[str, list[ToolStatus]] = {}
    for tool in status.tools:
        areas.setdefault(_AREAS.get(tool.area, tool.area), []).append(tool)
    counts = {state: sum(tool.state == state for tool in status.tools) for state in ("ready", "not ready", "unknown")}
    return render(
        "pages/status.html.j2", {"status": status, "areas": areas, "counts": counts, "explained": explained(status)}
    )


def explained(status: Status) -> list[str]:
    """Return what the words `played` and `contract` mean, where they are used."""
    contract = any(tool.origin == "contract" for tool in status.tools)
    return [PLAYED] * status.played + [CONTRACT] * contract
