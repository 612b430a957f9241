"""`slipway preview|refresh|destroy`, and what they share with `up`: each layer in its order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pulumi.automation import OpType

from infra.catalog import ROOT, Catalog
from infra.compute.plan import plan_compute
from infra.errors import StepFailed
from infra.for_real import check_release
from infra.gpu.lock import lock_path, valid_lock
from infra.layer_plans import asked_layers, layer_plans
from infra.model.handover import LAYERS
from infra.operate.announcement import announced
from infra.operate.changes import Changes, changes_of
from infra.operate.choices import Choice
from infra.operate.engine import LayerStack, colour, engine_step, open_stack, show_error, show_output
from infra.operate.locks import only_run, release_stale_locks
from infra.operate.steps import ask, engine_destroy, engine_preview
from infra.operate.stray_disks import forget_stray_disks
from infra.program import split_stack
from infra.rotations import check_rotations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pulumi.automation import EngineEvent

    from infra.model.environment import Environment
    from infra.model.handover import Layer
    from infra.model.release import Release
    from infra.vsphere.session import Credentials


@dataclass(frozen=True)
class Previewed:
    """What a preview said that `up` acts on: nodes that go first (URNs by name), and what becomes of the others."""

    going_first: dict[str, str] = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)


def run_preview(environment_name: str, layer: str | None, *, expect_no_changes: bool) -> None:
    """Preview layers. Raises `StepFailed` when one fails, or changes something that must not change."""
    catalog = Catalog()
    environment, release = catalog.load(environment_name)
    check_release(ROOT, release)
    check_rotations(catalog, environment, release)
    valid_lock(lock_path(ROOT, environment_name), environment)
    plans = layer_plans(environment, release)
    for stack in stacks_of(environment_name, layer, create=asked_layers(environment)):
        if stack.layer == "compute":
            preview(stack, environment, release, expect_no_changes=expect_no_changes)
            continue
        from infra.components.handed import NotHandedOver
        from infra.operate.upper import LowerLayerMissing, preview_upper

        try:
            preview_upper(stack, plans[stack.layer], expect_no_changes=expect_no_changes)
        except (LowerLayerMissing, NotHandedOver) as missing:
            if layer is not None or expect_no_changes:
                raise
            why = "needs the cluster's API" if isinstance(missing, LowerLayerMissing) else "needs what it stands on"
            print(f"{missing} (a preview of it {why})")


def run_refresh(environment_name: str, layer: str | None, *, expect_no_changes: bool) -> None:
    """Read the layers' resources back into the state. With `expect_no_changes`, changes are an error."""
    environment, _ = Catalog().load(environment_name)
    with only_run(environment_name, "refresh"):
        for stack in stacks_of(environment_name, layer):
            release_stale_locks(stack)
            if stack.layer == "compute":
                check_vcenter(stack, environment, places=False)
            with engine_step(stack, "refresh"):
                stack.handle.refresh(
                    on_output=show_output,
                    on_error=show_error,
                    color=colour(),
                    show_secrets=False,
                    expect_no_changes=expect_no_changes or None,
                )
            if stack.layer == "compute":
                forget_stray_disks(stack)


def run_destroy(environment_name: str, layer: str | None, *, yes: bool, including_protected: bool) -> None:
    """Delete what was made for an environment, top layer first, leftovers of killed runs too; without `yes` ask.

    Raises `Protected` when something is protected, unless `including_protected`.
    """
    environment, _ = Catalog().load(environment_name)
    with only_run(environment_name, "destroy"):
        stacks = list(stacks_of(environment_name, layer))
        protected = _check_protected(environment, including_protected=including_protected)
        for stack in stacks:
            if stack.layer == "compute":
                release_stale_locks(stack)
                check_vcenter(stack, environment, places=False)
        for stack in reversed(stacks):
            if stack.layer == "compute":
                _destroy(stack, environment, yes=yes, protected=protected)
            else:
                from infra.operate.upper import destroy_upper

                destroy_upper(stack, yes=yes)


def _check_protected(environment: Environment, *, including_protected: bool) -> bool:
    """Return whether the machines of an environment are protected; what stands on them is, too.

    Raises `Protected` unless they may go all the same.
    """
    from infra.operate.protection import Protected, protected_things

    stack = open_stack(environment.name, "compute", create=False)
    things = protected_things(stack.exported().get("deployment") or {}, environment) if stack is not None else []
    if stack is not None and things and not including_protected:
        up = f"run `./slipway up {environment.name}`"
        way = f"take them from `protected`, {up} and repeat this, or repeat it now with --including-protected"
        raise Protected(stack.name, environment.name, things, way)
    return bool(things)


def _destroy(stack: LayerStack, environment: Environment, *, yes: bool, protected: bool) -> None:
    from infra.operate.leftovers import resolve_leftovers

    if not yes:
        _destroy_all(stack, preview_only=True, protected=protected)
        ask(f"Delete all of {stack.name}?", "--yes")
    resolve_leftovers(stack, environment, Choice.REMOVE)
    _destroy_all(stack, preview_only=False, protected=protected)


def _destroy_all(stack: LayerStack, *, preview_only: bool, protected: bool) -> None:
    if protected:
        stack.destroy_protected(preview_only=preview_only)
        return
    engine_destroy(stack, preview_only=preview_only)


def stacks_of(environment: str, layer: str | None, *, create: Collection[Layer] = ()) -> Iterator[LayerStack]:
    """Yield the stacks of one layer or of all, bottom to top; those of layers in `create` are made if missing.

    Of the others one that isn't there is passed over.
    """
    layers: tuple[Layer, ...] = LAYERS if layer is None else (split_stack(f"{environment}.{layer}")[1],)
    for each in layers:
        stack = open_stack(environment, each, create=each in create)
        if stack is None:
            if layer is not None or not create:
                print(f"{environment}.{each}: there is no such stack")
        else:
            yield stack


def check_vcenter(stack: LayerStack, environment: Environment, *, places: bool) -> Credentials:
    """Raise what is wrong with the vCenter, its login or, if asked, its places; return the login."""
    from infra.vsphere.places import check_places
    from infra.vsphere.session import vcenter_session

    credentials = stack.credentials(environment)
    with vcenter_session(credentials) as vcenter:
        if places:
            check_places(vcenter, environment)
    return credentials


def preview(
    stack: LayerStack, environment: Environment, release: Release, *, expect_no_changes: bool = False, show: bool = True
) -> Previewed:
    """Preview a layer; only when that fails, vCenter is looked at for a reason that can be said in one line."""
    said: list[str] = []
    events: list[EngineEvent] = []
    try:
        result = engine_preview(stack, said, events, expect_no_changes=expect_no_changes)
    except StepFailed:
        from infra.operate.protection import check_disks, check_protection

        deployment = stack.exported().get("deployment") or {}
        check_protection(stack.name, deployment, environment, release)
        check_disks(stack.name, deployment, plan_compute(environment, release))
        check_vcenter(stack, environment, places=True)
        show_output("\n".join(said))
        raise
    if show:
        show_output("\n".join(said))
    changes = changes_of(events)
    for line in announced(changes, plan_compute(environment, release)):
        print(f"{stack.name}: {line}", flush=True)
    summary = result.change_summary
    if not summary.get(OpType.DELETE) and not summary.get(OpType.REPLACE):
        return Previewed(changes=changes)
    from infra.operate.addresses import nodes_that_go_first

    going = nodes_that_go_first(stack, environment, release)
    gone = set(going.values())
    rest = tuple(urn for urn in changes.replaced if urn not in gone)
    return Previewed(going, replace(changes, replaced=rest))
