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
from infra.rotations import check_rotations
from infra.vsphere.machines import machines_in_folder, power_on
from infra.vsphere.session import vcenter_session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from infra.components.plan import LayerPlan
    from infra.model.environment import Environment
    from infra.model.handover import Layer
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


@dataclass(frozen=True)
class Plan:
    """What was approved: the file of a seal, the hash that it must have, and the change record that it stands on."""

    seal: Path | None = None
    hash: str = ""
    record: str = ""

    def of(self, environment: str) -> Approved | None:
        """Return the seal, or None without one. Raises `NotPossibleHere` where only parts of a plan are given."""
        if self.seal is not None:
            return Approved.of(environment, self.seal, self.hash)
        for option, value in (("--approved-hash", self.hash), ("--record", self.record)):
            if value:
                raise NotPossibleHere(option, "there is no seal that it could be of", "give --approved FILE, too")
        return None


def run_up(environment_name: str, layer: str | None, allowed: Allowed, plan: Plan = Plan()) -> None:
    """Bring layers up, bottom to top; without `allowed.yes` each one's preview is shown and asked about.

    What is not allowed a person is asked for. With a seal only what it has is done, and that without asking for its
    previews again. Raises `StepFailed` when a layer fails, `NotPossibleHere` for a question that can't be asked,
    `PlanRefused` when something has moved since the seal was made, `NotApproved` when nobody has approved it.
    """
    approved = plan.of(environment_name)
    choice = _choice(allowed.leftovers)
    catalog = Catalog()
    environment, release = catalog.load(environment_name)
    check_release(ROOT, release)
    check_rotations(catalog, environment, release)
    plans = check_upper_layers(environment, release) if layer != "compute" else {}
    steps = Steps(choice, replace(allowed, yes=allowed.yes or approved is not None), approved, plans)
    if approved is None or not plan.record:
        _run(environment, release, layer, steps)
        return
    with approved.on_record(plan.record):
        _run(environment, release, layer, steps)


def _run(environment: Environment, release: Release, layer: str | None, steps: Steps) -> None:
    """Bring layers up, held against what was approved, if anything was: all of them before the first is touched."""
    approved = steps.approved
    with only_run(environment.name, "up"):
        stacks = list(stacks_of(environment.name, layer, create=asked_layers(environment)))
        if any(stack.layer == "compute" for stack in stacks):
            renew_bootstrap_token(environment.name)
        if approved is not None:
            approved.check([stack.name for stack in stacks])
        for stack in stacks:
            if stack.layer == "compute":
                _up(stack, environment, release, steps)
            else:
                up_upper(stack, steps.plans[stack.layer], yes=steps.allowed.yes, last_look=steps.last_look)
            if approved is not None:
                approved.has_run(stack)


@dataclass(frozen=True)
class Steps:
    """How layers come up: what becomes of leftovers, what is allowed, what was approved; the upper layers' plans."""

    choice: Choice | None
    allowed: Allowed
    approved: Approved | None
    plans: Mapping[Layer, LayerPlan]

    def last_look(self, stack: LayerStack) -> None:
        """Hold a layer against what was approved once more, before it is touched. Raises `PlanRefused`."""
        if self.approved is not None:
            self.approved.check([stack.name])


def _up(stack: LayerStack, environment: Environment, release: Release, steps: Steps) -> None:
    allowed = steps.allowed
    release_stale_locks(stack)
    credentials = check_fit(stack, environment, release)
    resolve_leftovers(stack, environment, steps.choice)
    forget_stray_disks(stack)
    previewed = preview(stack, environment, release, show=not allowed.yes)
    if not allowed.yes:
        ask(f"Do this to {stack.name}?", "--yes")
    if previewed.changes.lost_disks and not allowed.lose_disks:
        names = ", ".join(name for name, _ in previewed.changes.lost_disks)
        ask(f"Delete the data disks of {names}, with all that is on them?", "--lose-disks")
    steps.last_look(stack)
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
