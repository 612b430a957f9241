"""`slipway status`: an environment's layers and nodes as its state has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from infra.catalog import Catalog
from infra.model.handover import HANDOVER, LAYERS
from infra.operate.engine import engine_step, open_stack
from infra.operate.interrupted import pending_operations, unfinished_machines

if TYPE_CHECKING:
    from infra.model.handover import Layer


def show_status(environment_name: str) -> None:
    """Print each layer's resources and last run, and the nodes that the compute layer handed over."""
    Catalog().load(environment_name)
    console = Console(highlight=False)
    layers = Table("layer", "resources", "last run", "result", box=None, pad_edge=False)
    nodes: list[dict[str, Any]] = []
    notes: list[str] = []
    for layer in LAYERS:
        row, found, remarks = _layer(environment_name, layer)
        layers.add_row(layer, *row)
        nodes += found
        notes += remarks
    console.print(layers)
    if nodes:
        console.print()
        table = Table("node", "pool", "address", box=None, pad_edge=False)
        for node in nodes:
            table.add_row(node["name"], node["pool"], node["address"])
        console.print(table)
    for note in notes:
        console.print(f"\n{note}")


def _layer(environment: str, layer: Layer) -> tuple[tuple[str, str, str], list[dict[str, Any]], list[str]]:
    """Return a layer's row, its nodes, and what a person should know about it."""
    stack = open_stack(environment, layer, create=False)
    if stack is None:
        return ("-", "-", f"not there yet: ./slipway up {environment} {layer}"), [], []
    deployment = stack.exported().get("deployment") or {}
    with engine_step(stack, "reading its history"):
        history = stack.handle.history(page_size=1, show_secrets=False)
        outputs = stack.handle.outputs()
    last = history[0] if history else None
    row = (
        str(len(deployment.get("resources") or [])),
        last.start_time.strftime("%Y-%m-%d %H:%M UTC") if last else "-",
        f"{last.kind} {last.result}" if last else "never ran",
    )
    nodes = outputs[HANDOVER].value.get("nodes", []) if HANDOVER in outputs else []
    interrupted = [f"{op.operation} {op.name}" for op in pending_operations(deployment)]
    interrupted += sorted(unfinished_machines(deployment))
    remarks = (
        [f"{stack.name}: a run was interrupted ({', '.join(interrupted)}); `up` puts it right"] if interrupted else []
    )
    return row, nodes, remarks
