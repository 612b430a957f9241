"""Steps that every layer has: a preview by the engine, an update, a question to a person."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from infra.errors import NotPossibleHere
from infra.operate.engine import LayerStack, colour, engine_step, show_error, show_output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi.automation import EngineEvent, PreviewResult


def engine_preview(
    stack: LayerStack, said: list[str], events: list[EngineEvent], *, expect_no_changes: bool
) -> PreviewResult:
    """Preview a stack; what the engine says and its events are put into the lists. Raises `StepFailed`."""
    with engine_step(stack, "preview"):
        return stack.handle.preview(
            on_output=said.append,
            on_error=said.append,
            on_event=events.append,
            color=colour(),
            diff=True,
            expect_no_changes=expect_no_changes or None,
        )


def engine_up(stack: LayerStack, target: Sequence[str] | None = None) -> None:
    """Update a stack, or only the resources of some URNs, showing what the engine says. Raises `StepFailed`."""
    with engine_step(stack, "up"):
        stack.handle.up(
            on_output=show_output,
            on_error=show_error,
            color=colour(),
            show_secrets=False,
            suppress_outputs=True,
            target=list(target) if target else None,
        )


def engine_destroy(stack: LayerStack, *, preview_only: bool) -> None:
    """Delete what a stack has, or show what that would be. Raises `StepFailed`."""
    with engine_step(stack, "preview of destroy" if preview_only else "destroy"):
        stack.handle.destroy(
            preview_only=preview_only, on_output=show_output, on_error=show_error, color=colour(), show_secrets=False
        )


def ask(question: str, option: str) -> None:
    """Go on only when a person says yes. Raises `NotPossibleHere` without one to ask, `SystemExit` on no."""
    if not sys.stdin.isatty():
        raise NotPossibleHere("slipway", f"nobody is there to answer «{question}»", f"repeat the command with {option}")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        print("Nothing more was done.")
        raise SystemExit(1)
