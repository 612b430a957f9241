"""`slipway up`: what comes before the engine's update, the update, and what comes after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.catalog import ROOT, Catalog
from infra.compute.plan import plan_compute
from infra.errors import NotPossibleHere
from infra.for_real import check_release
from infra.layer_plans import asked_layers
from infra.operate.addresses import make_room
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
    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.operate.engine import LayerStack
    from infra.vsphere.session import Credentials


def run_up(
    environment_name: str,
    layer: str | None,
    *,
    yes: bool,
    lose_disks: bool,
    lose_cluster: bool,
    leftovers: str | None,
) -> None:
    """Bring layers up, bottom to top; without `yes` each one's preview is shown and asked about.

    Nodes whose data disks would be lost are not touched without `lose_disks`, or a person's answer; nor, without
    `lose_cluster`, the only control-plane node.

    `leftovers` (`adopt` or `remove`) says what to do with machines that a killed run left; without it the person
    is asked. Raises `StepFailed` when a layer fails, `NotPossibleHere` when a question can't be asked.
    """
    choice = _choice(leftovers)
    environment, release = Catalog().load(environment_name)
    check_release(ROOT, release)
    if layer != "compute":
        check_upper_layers(environment, release)
    with only_run(environment_name, "up"):
        for stack in stacks_of(environment_name, layer, create=asked_layers(environment, release)):
            if stack.layer == "compute":
                renew_bootstrap_token(environment_name)
                _up(stack, environment, release, choice, yes=yes, lose_disks=lose_disks, lose_cluster=lose_cluster)
            else:
                up_upper(stack, yes=yes)


def _up(
    stack: LayerStack,
    environment: Environment,
    release: Release,
    choice: Choice | None,
    *,
    yes: bool,
    lose_disks: bool,
    lose_cluster: bool,
) -> None:
    release_stale_locks(stack)
    credentials = check_fit(stack, environment, release)
    resolve_leftovers(stack, environment, choice)
    forget_stray_disks(stack)
    previewed = preview(stack, environment, release, show=not yes)
    if not yes:
        ask(f"Do this to {stack.name}?", "--yes")
    if previewed.changes.lost_disks and not lose_disks:
        names = ", ".join(name for name, _ in previewed.changes.lost_disks)
        ask(f"Delete the data disks of {names}, with all that is on them?", "--lose-disks")
    groups = batches(plan_compute(environment, release), previewed.changes.disturbed)
    with Quorum(stack.name, environment, credentials) as quorum:
        _check_cluster(quorum, previewed, lose_cluster=lose_cluster)
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
