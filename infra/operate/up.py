"""`slipway up`: what comes before the engine's update, the update, and what comes after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from infra.catalog import ROOT, Catalog
from infra.compute.plan import plan_compute
from infra.errors import NotPossibleHere
from infra.for_real import check_release
from infra.layer_plans import asked_layers
from infra.operate.addresses import make_room
from infra.operate.approved import Approved
from infra.operate.choices import Choice
from infra.operate.fitting import check_fit
from infra.operate.leftovers import resolve_leftovers
from infra.operate.locks import only_run, release_stale_locks
from infra.operate.quorum import Quorum
from infra.operate.roll import batches, disturb_in_batches
from infra.operate.run import Previewed, preview, stacks_of
from infra.operate.steps import ask, engine_up
from infra.operate.stray_disks import forget_stray_disks
from infra.operate.upper import check_upper_layers, renew_bootstrap_token, up_upper
from infra.vsphere.machines import machines_in_folder, power_on
from infra.vsphere.session import vcenter_session

if TYPE_CHECKING:
    from pathlib import Path

    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.operate.engine import LayerStack
    from infra.vsphere.session import Credentials


@dataclass(frozen=True)
class Allowed:
    """What a run may do without asking.

    `yes` answers for previews, `lose_disks` for data disks that are deleted with what is on them, `lose_cluster` for
    the only control-plane node; `leftovers` (`adopt` or `remove`) says what becomes of machines that a killed run left.
    """

    yes: bool = False
    lose_disks: bool = False
    lose_cluster: bool = False
    leftovers: str | None = None


def run_up(
    environment_name: str,
    layer: str | None,
    allowed: Allowed,
    *,
    approved: Path | None = None,
    approved_hash: str = "",
) -> None:
    """Bring layers up, bottom to top; without `allowed.yes` each one's preview is shown and asked about.

    What is not allowed a person is asked for. With a seal (`approved`) only what it has is done, and that without
    asking for its previews again. Raises `StepFailed` when a layer fails, `NotPossibleHere` for a question that can't
    be asked, `PlanRefused` when something has moved since the seal was made.
    """
    choice = _choice(allowed.leftovers)
    environment, release = Catalog().load(environment_name)
    check_release(ROOT, release)
    if layer != "compute":
        check_upper_layers(environment, release)
    plan = Approved.of(environment_name, approved, approved_hash) if approved is not None else None
    allowed = replace(allowed, yes=allowed.yes or plan is not None)
    with only_run(environment_name, "up"):
        stacks = list(stacks_of(environment_name, layer, create=asked_layers(environment, release)))
        if plan is not None:
            plan.check([stack.name for stack in stacks])
        for stack in stacks:
            if plan is not None:
                plan.check_next(stack)
            if stack.layer == "compute":
                renew_bootstrap_token(environment_name)
                _up(stack, environment, release, choice, allowed)
            else:
                up_upper(stack, yes=allowed.yes)
            if plan is not None:
                plan.has_run(stack)


def _up(stack: LayerStack, environment: Environment, release: Release, choice: Choice | None, allowed: Allowed) -> None:
    release_stale_locks(stack)
    credentials = check_fit(stack, environment, release)
    resolve_leftovers(stack, environment, choice)
    forget_stray_disks(stack)
    previewed = preview(stack, environment, release, show=not allowed.yes)
    if not allowed.yes:
        ask(f"Do this to {stack.name}?", "--yes")
    if previewed.changes.lost_disks and not allowed.lose_disks:
        names = ", ".join(name for name, _ in previewed.changes.lost_disks)
        ask(f"Delete the data disks of {names}, with all that is on them?", "--lose-disks")
    groups = batches(plan_compute(environment, release), previewed.changes.disturbed)
    with Quorum(stack.name, environment, credentials) as quorum:
        _check_cluster(quorum, previewed, lose_cluster=allowed.lose_cluster)
        make_room(stack, previewed.going_first)
        disturb_in_batches(stack, previewed.changes, groups, quorum)
    engine_up(stack)
    _start_nodes_that_are_off(stack, environment, release, credentials)


def _check_cluster(quorum: Quorum, previewed: Previewed, *, lose_cluster: bool) -> None:
    """Ask before the only node that has the cluster goes. Raises `NotPossibleHere` for what would end a larger one."""
    replaced, removed = (
        [urn.rpartition("::")[2] for urn in urns] for urns in (previewed.changes.replaced, previewed.changes.removed)
    )
    if quorum.loses_cluster(replaced, list(previewed.going_first), removed) and not lose_cluster:
        question = "Delete the only control-plane node, and the cluster with all that is in it?"
        ask(question, "--lose-cluster")


def _start_nodes_that_are_off(
    stack: LayerStack, environment: Environment, release: Release, credentials: Credentials
) -> None:
    """Power on the environment's nodes that are off: the vSphere plugin starts a machine only when it changes it."""
    places = environment.vcenter
    planned = {node.name for node in plan_compute(environment, release).nodes}
    with vcenter_session(credentials) as vcenter:
        for machine in machines_in_folder(vcenter, places.datacenter, places.folder):
            if machine.name in planned and not machine.powered_on:
                print(f"{stack.name}: {machine.name} is off: powering it on", flush=True)
                power_on(machine)


def _choice(leftovers: str | None) -> Choice | None:
    try:
        return Choice(leftovers) if leftovers else None
    except ValueError:
        known = " or ".join(choice.value for choice in Choice)
        raise NotPossibleHere("--leftovers", f"{leftovers} is not a choice", f"use {known}") from None
