"""`slipway preview|up|refresh|destroy`: each layer in its order, checked before the engine begins."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pulumi.automation import OpType

from infra.catalog import Catalog
from infra.errors import NotPossibleHere, StepFailed
from infra.operate.choices import Choice
from infra.operate.engine import LayerStack, colour, engine_step, open_stack, show_error, show_output
from infra.operate.locks import release_stale_locks
from infra.program import BUILT_LAYERS, split_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.handover import Layer
    from infra.model.release import Release


def run_preview(environment_name: str, layer: str | None, *, expect_no_changes: bool) -> None:
    """Preview layers. Raises `StepFailed` when one fails, or changes something that must not change."""
    environment, release = Catalog().load(environment_name)
    for stack in _stacks(environment_name, layer):
        _preview(stack, environment, release, expect_no_changes=expect_no_changes)


def run_up(environment_name: str, layer: str | None, *, yes: bool, leftovers: str | None) -> None:
    """Bring layers up, bottom to top; without `yes` each one's preview is shown and asked about.

    `leftovers` (`adopt` or `remove`) says what to do with machines that a killed run left; without it the person
    is asked. Raises `StepFailed` when a layer fails, `NotPossibleHere` when a question can't be asked.
    """
    from infra.operate.addresses import make_room
    from infra.operate.leftovers import resolve_leftovers

    choice = _choice(leftovers)
    environment, release = Catalog().load(environment_name)
    for stack in _stacks(environment_name, layer):
        release_stale_locks(stack)
        _check_vcenter(stack, environment, release)
        resolve_leftovers(stack, environment, choice)
        if not yes:
            _preview(stack, environment, release, expect_no_changes=False)
            _ask(f"Do this to {stack.name}?", "--yes")
        make_room(stack, environment, release)
        with engine_step(stack, "up"):
            stack.handle.up(
                on_output=show_output,
                on_error=show_error,
                color=colour(),
                show_secrets=False,
                suppress_outputs=True,
            )


def run_refresh(environment_name: str, layer: str | None, *, expect_no_changes: bool) -> None:
    """Read the layers' resources back into the state. With `expect_no_changes`, changes are an error."""
    environment, release = Catalog().load(environment_name)
    for stack in _stacks(environment_name, layer, create=False):
        release_stale_locks(stack)
        _check_vcenter(stack, environment, release)
        with engine_step(stack, "refresh"):
            stack.handle.refresh(
                on_output=show_output,
                on_error=show_error,
                color=colour(),
                show_secrets=False,
                expect_no_changes=expect_no_changes or None,
            )


def run_destroy(environment_name: str, layer: str | None, *, yes: bool) -> None:
    """Delete what was made for an environment, top layer first; without `yes` the person is asked."""
    from infra.operate.leftovers import resolve_leftovers

    environment, release = Catalog().load(environment_name)
    for stack in reversed(list(_stacks(environment_name, layer, create=False))):
        release_stale_locks(stack)
        _check_vcenter(stack, environment, release)
        resolve_leftovers(stack, environment, Choice.REMOVE if yes else None)
        if not yes:
            with engine_step(stack, "preview of destroy"):
                stack.handle.destroy(
                    preview_only=True,
                    on_output=show_output,
                    on_error=show_error,
                    color=colour(),
                    show_secrets=False,
                )
            _ask(f"Delete all of {stack.name}?", "--yes")
        with engine_step(stack, "destroy"):
            stack.handle.destroy(on_output=show_output, on_error=show_error, color=colour(), show_secrets=False)


def _stacks(environment: str, layer: str | None, *, create: bool = True) -> Iterator[LayerStack]:
    """Yield the stacks of one layer or of all, bottom to top; one that isn't there is passed over if not created."""
    layers: tuple[Layer, ...] = BUILT_LAYERS if layer is None else (split_stack(f"{environment}.{layer}")[1],)
    for each in layers:
        stack = open_stack(environment, each, create=create)
        if stack is None:
            print(f"{environment}.{each}: there is no such stack yet")
        else:
            yield stack


def _check_vcenter(stack: LayerStack, environment: Environment, release: Release) -> None:
    """Raise what is wrong with the vCenter, its login or its places, if anything is."""
    from infra.vsphere.places import check_places
    from infra.vsphere.session import vcenter_session

    if stack.layer == "compute":
        with vcenter_session(stack.credentials(environment)) as vcenter:
            check_places(vcenter, environment, release)


def _preview(stack: LayerStack, environment: Environment, release: Release, *, expect_no_changes: bool) -> None:
    """Preview a layer; only when that fails, vCenter is looked at for a reason that can be said in one line."""
    said: list[str] = []
    try:
        with engine_step(stack, "preview"):
            result = stack.handle.preview(
                on_output=said.append,
                on_error=said.append,
                color=colour(),
                diff=True,
                expect_no_changes=expect_no_changes or None,
            )
    except StepFailed:
        _check_vcenter(stack, environment, release)
        show_output("\n".join(said))
        raise
    show_output("\n".join(said))
    if result.change_summary.get(OpType.DELETE):
        from infra.operate.addresses import say_who_goes_first

        say_who_goes_first(stack, environment, release)


def _ask(question: str, option: str) -> None:
    """Go on only when a person says yes. Raises `NotPossibleHere` without one to ask, `SystemExit` on no."""
    if not sys.stdin.isatty():
        raise NotPossibleHere("slipway", f"nobody is there to answer «{question}»", f"repeat the command with {option}")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        print("Nothing was done.")
        raise SystemExit(1)


def _choice(leftovers: str | None) -> Choice | None:
    try:
        return Choice(leftovers) if leftovers else None
    except ValueError:
        known = " or ".join(choice.value for choice in Choice)
        raise NotPossibleHere("--leftovers", f"{leftovers} is not a choice", f"use {known}") from None
