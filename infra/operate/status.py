"""`slipway status`: an environment's layers and nodes as its state has them, and its tools as its cluster has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from infra.catalog import ROOT, Catalog
from infra.charts.bundle import Bundle
from infra.errors import NotPossibleHere
from infra.for_real import in_rehearsal
from infra.kubernetes_api import ApiRefused, ApiUnreachable, KubernetesApi
from infra.model.handover import HANDOVER, LAYERS
from infra.operate.engine import engine_step, open_stack
from infra.operate.interrupted import pending_operations, unfinished_machines
from infra.operate.status_page import LayerRow, Status, explained, status_page
from infra.operate.tools_status import Counted, count_pods, tools_status
from infra.operate.writable import check_writable

if TYPE_CHECKING:
    from pathlib import Path

    from infra.model.environment import Environment
    from infra.model.handover import Layer
    from infra.model.release import Release


def show_status(environment_name: str, page: Path | None = None) -> None:
    """Print each layer's resources and last run, nodes, and tools; with `page` write them to an HTML file, too.

    Raises `NotPossibleHere` for a file that can't be written.
    """
    if page is not None:
        check_writable("--page", page)
    status = read_status(environment_name)
    _print(status)
    if page is not None:
        page.write_text(status_page(status), encoding="utf-8")
        print(f"\nwrote {page}")


def read_status(environment_name: str) -> Status:
    """Return the status of an environment. Nothing is raised for an API that does not answer: it is said instead."""
    environment, release = Catalog().load(environment_name)
    layers: list[LayerRow] = []
    nodes: list[dict[str, Any]] = []
    notes: list[str] = []
    kubeconfig = ""
    for layer in LAYERS:
        row, outputs, remarks = _layer(environment_name, layer)
        layers.append(row)
        nodes += outputs.get("nodes", [])
        kubeconfig = kubeconfig or str(outputs.get("kubeconfig", ""))
        notes += remarks
    counted, note = _counted(environment, kubeconfig)
    notes += [note] if note else []
    tools = tools_status(environment, release, _origin(release), counted)
    played = in_rehearsal()
    return Status(environment_name, release.version, tuple(layers), tuple(nodes), tuple(tools), tuple(notes), played)


def _origin(release: Release) -> str:
    try:
        return Bundle.of(ROOT, release).kind
    except NotPossibleHere:
        return "not checked"  # the bundle is on another machine


def _counted(environment: Environment, kubeconfig: str) -> tuple[dict[str, Counted] | None, str]:
    """Return the pods of the tools' namespaces, or None and why not."""
    if not kubeconfig:
        return None, ""
    try:
        with KubernetesApi(kubeconfig) as api:
            return count_pods(api), ""
    except (ApiUnreachable, ApiRefused) as reason:
        return None, f"{environment.name}: {reason}"


def _layer(environment: str, layer: Layer) -> tuple[LayerRow, dict[str, Any], list[str]]:
    """Return a layer's row, what it hands over, and what a person should know about it."""
    stack = open_stack(environment, layer, create=False)
    if stack is None:
        return LayerRow(layer, "-", "-", f"not there yet: ./slipway up {environment} {layer}"), {}, []
    deployment = stack.exported().get("deployment") or {}
    with engine_step(stack, "reading its history"):
        history = stack.handle.history(page_size=1, show_secrets=False)
    outputs = stack.outputs()
    last = history[0] if history else None
    row = LayerRow(
        layer,
        str(len(deployment.get("resources") or [])),
        last.start_time.strftime("%Y-%m-%d %H:%M UTC") if last else "-",
        f"{last.kind} {last.result}" if last else "never ran",
    )
    interrupted = [f"{op.operation} {op.name}" for op in pending_operations(deployment)]
    interrupted += sorted(unfinished_machines(deployment))
    remarks = (
        [f"{stack.name}: a run was interrupted ({', '.join(interrupted)}); `up` puts it right"] if interrupted else []
    )
    return row, dict(outputs[HANDOVER]) if HANDOVER in outputs else {}, remarks


def _print(status: Status) -> None:
    console = Console(highlight=False)
    layers = Table("layer", "resources", "last run", "result", box=None, pad_edge=False)
    for row in status.layers:
        layers.add_row(row.layer, row.resources, row.last_run, row.result)
    console.print(layers)
    if status.nodes:
        console.print()
        table = Table("node", "pool", "address", box=None, pad_edge=False)
        for node in status.nodes:
            table.add_row(node["name"], node["pool"], node["address"])
        console.print(table)
    if status.tools:
        console.print()
        console.print(_tools(status))
        console.print()
        console.print(_ways(status))
    for note in status.notes:
        console.print(f"\n{note}")


def _tools(status: Status) -> Table:
    heading = "health (played)" if status.played else "health"
    table = Table("tool", "area", "version", "chart", heading, box=None, pad_edge=False)
    for tool in status.tools:
        health = tool.health if tool.state != "not ready" else f"[bold]{tool.health}[/bold]"
        table.add_row(tool.title, tool.area, tool.version, tool.origin, health)
    table.caption = "\n".join(explained(status)) or None
    table.caption_justify = "left"
    return table


def _ways(status: Status) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("address", no_wrap=True, overflow="fold")
    table.add_column("what")
    table.add_column("sign-in")
    for tool in status.tools:
        for way in tool.ways:
            table.add_row(way.address, way.title, way.sign_in)
    return table
