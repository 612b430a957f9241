"""What a killed run left behind, in the state and in vCenter: found, explained, and put right before the next run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pulumi import automation

from infra.catalog import Catalog
from infra.errors import NotPossibleHere
from infra.operate.choices import Choice
from infra.operate.engine import colour, engine_step, show_error, show_output
from infra.operate.interrupted import (
    FOLDER,
    MACHINE,
    RESOURCE_POOL,
    TAG,
    TAG_CATEGORY,
    Adopted,
    pending_operations,
    recorded_ids,
    unfinished_machines,
    without_pending,
)
from infra.vsphere.adoption import adopted_outputs
from infra.vsphere.machines import machines_in_folder, power_on, remove, wait_for_clones, wait_until_idle
from infra.vsphere.session import find, vcenter_session
from infra.vsphere.tagging import category_id, tag_id

if TYPE_CHECKING:
    from infra.model.environment import Environment
    from infra.operate.engine import LayerStack
    from infra.operate.interrupted import Deployment, PendingOperation
    from infra.vsphere.machines import FoundMachine
    from infra.vsphere.session import Credentials, VCenter


def resolve_leftovers(stack: LayerStack, environment: Environment, choice: Choice | None) -> None:
    """Put right what a killed run left: pending operations, machines without a record, machines left powered off.

    Without a `choice` the person is asked about each machine. Raises `NotPossibleHere` when nobody can be asked, or
    when an unfinished machine shall be adopted.
    """
    exported = stack.handle.export_stack()
    deployment = exported.deployment or {}
    pending = pending_operations(deployment)
    unfinished = unfinished_machines(deployment)
    if not pending and not unfinished:
        return
    credentials = stack.credentials(environment)
    with vcenter_session(credentials) as vcenter:
        if pending:
            repair = _Repair(stack, environment, vcenter, credentials)
            adopted = repair.settle(pending, recorded_ids(deployment), choice)
            gone = repair.removed_already(pending)
            _record(stack, exported, without_pending(deployment, adopted, gone))
        _power_on_unfinished(stack, environment, vcenter, unfinished)


def _record(stack: LayerStack, exported: automation.Deployment, deployment: Deployment) -> None:
    """Write the state without pending operations, and read back from vCenter what it now has."""
    stack.handle.import_stack(automation.Deployment(version=exported.version, deployment=deployment))
    print(f"{stack.name}: reading back what the killed run changed", flush=True)
    with engine_step(stack, "refresh"):
        stack.handle.refresh(on_output=show_output, on_error=show_error, color=colour(), show_secrets=False)


def _power_on_unfinished(stack: LayerStack, environment: Environment, vcenter: VCenter, names: set[str]) -> None:
    places = environment.vcenter
    for machine in machines_in_folder(vcenter, places.datacenter, places.folder) if names else []:
        if machine.name in names and not machine.powered_on:
            print(
                f"{stack.name}: {machine.name} was left powered off by an unfinished run: powering it on",
                flush=True,
            )
            power_on(machine)


class _Repair:
    """One repair of one stack, with a session to its vCenter."""

    def __init__(
        self,
        stack: LayerStack,
        environment: Environment,
        vcenter: VCenter,
        credentials: Credentials,
    ) -> None:
        self._stack = stack
        self._environment = environment
        self._vcenter = vcenter
        self._credentials = credentials

    def settle(self, pending: list[PendingOperation], recorded: set[str], choice: Choice | None) -> dict[str, Adopted]:
        """Decide about everything that was being created; return what is adopted, by URN."""
        places = self._environment.vcenter
        _, release = Catalog().load(self._environment.name)
        running = wait_for_clones(self._vcenter, places.datacenter, release.machine_template.name)
        if running:
            self._say(f"waited for {running} clones that a killed run had started")
        machines = {m.name: m for m in machines_in_folder(self._vcenter, places.datacenter, places.folder)}
        adopted: dict[str, Adopted] = {}
        for operation in pending:
            self._say(f"a killed run was {operation.operation} {operation.name}")
            if operation.operation != "creating":
                continue
            machine = machines.get(operation.name)
            if operation.kind != MACHINE:
                identifier = self._identifier(operation)
                taken = Adopted(identifier, operation.inputs) if identifier else None
            elif machine is not None and machine.uuid not in recorded:
                taken = self._settle_machine(operation, machine, choice)
            else:
                taken = None
            if taken:
                adopted[operation.urn] = taken
        return adopted

    def removed_already(self, pending: list[PendingOperation]) -> set[str]:
        """Return the URNs of folders whose removal was killed after vCenter had done it.

        The other kinds are found to be gone by a refresh; reading a folder that is gone is an error of the plugin.
        """
        deleting = [op for op in pending if op.operation == "deleting" and op.kind == FOLDER]
        return {operation.urn for operation in deleting if self._identifier(operation) is None}

    def _settle_machine(
        self, operation: PendingOperation, machine: FoundMachine, choice: Choice | None
    ) -> Adopted | None:
        wait_until_idle(machine)
        finished = machine.first_boot_name == machine.name
        choice = choice or self._ask(machine, finished=finished)
        if choice is Choice.REMOVE:
            self._say(f"removing {machine.name}, it will be made anew")
            remove(machine)
            return None
        if not finished:
            raise NotPossibleHere(
                f"{self._stack.name}: {machine.name}",
                "was cloned but never configured, so it can't be adopted",
                "repeat with --leftovers remove",
            )
        if not machine.powered_on:
            power_on(machine)
        self._say(f"adopting {machine.name}")
        return Adopted(machine.uuid, adopted_outputs(machine, operation.inputs))

    def _ask(self, machine: FoundMachine, *, finished: bool) -> Choice:
        state = "configured" if finished else "not configured yet"
        power = "powered on" if machine.powered_on else "powered off"
        fact = f"{self._stack.name}: {machine.name} is in vCenter ({state}, {power}) but not in the state"
        choices = "adopt or remove" if finished else "remove"
        if not sys.stdin.isatty():
            raise NotPossibleHere(
                fact,
                "a killed run left it there",
                f"repeat the command with --leftovers {' or '.join(choices.split(' or '))}",
            )
        print(fact)
        answer = input(f"What shall become of it ({choices})? ").strip().lower()
        if answer not in choices.split(" or "):
            raise NotPossibleHere(machine.name, "nothing was decided", f"answer with {choices}")
        return Choice(answer)

    def _identifier(self, operation: PendingOperation) -> str | None:
        """Return the identifier of what a pending create may have made, or None when it isn't there."""
        places = self._environment.vcenter
        if operation.kind == FOLDER:
            found = find(self._vcenter, f"/{places.datacenter}/vm/{operation.name}")
        elif operation.kind == RESOURCE_POOL:
            found = find(self._vcenter, f"/{places.datacenter}/host/{places.cluster}/Resources/{operation.name}")
        elif operation.kind == TAG_CATEGORY:
            return category_id(self._credentials, operation.name)
        elif operation.kind == TAG:
            return tag_id(self._credentials, operation.inputs["categoryId"], operation.name)
        else:
            return None
        return found._moId if found is not None else None  # noqa: SLF001 - pyvmomi's identifier

    def _say(self, text: str) -> None:
        print(f"{self._stack.name}: {text}", flush=True)
