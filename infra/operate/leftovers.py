"""What a killed run left behind, in the state and in vCenter: found, explained, put right before the next run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from infra.errors import NotPossibleHere
from infra.operate.choices import Choice
from infra.operate.engine import colour, engine_step, show_error, show_output
from infra.operate.identify import identifier_of
from infra.operate.interrupted import FOLDER, MACHINE, Adopted, pending_operations, recorded_ids, without_pending
from infra.vsphere.adoption import adopted_outputs
from infra.vsphere.machines import machines_in_folder, power_on, remove, wait_for_clones, wait_until_idle
from infra.vsphere.session import vcenter_session

if TYPE_CHECKING:
    from infra.model.environment import Environment
    from infra.operate.engine import LayerStack
    from infra.operate.interrupted import PendingOperation
    from infra.vsphere.machines import FoundMachine
    from infra.vsphere.session import Credentials, VCenter


def resolve_leftovers(stack: LayerStack, environment: Environment, choice: Choice | None) -> None:
    """Put right what a killed run left: pending operations, and machines without a record.

    `ADOPT` records the machines that were finished and removes those that never were; without a `choice` the person is
    asked about each. Raises `NotPossibleHere` when nobody can be asked.
    """
    exported = stack.exported()
    deployment = exported.get("deployment") or {}
    pending = pending_operations(deployment)
    if not pending:
        return
    credentials = stack.credentials(environment)
    with vcenter_session(credentials) as vcenter:
        repair = _Repair(stack, environment, vcenter, credentials)
        adopted = repair.settle(pending, recorded_ids(deployment), choice)
        gone = repair.removed_already(pending)
    stack.replace_state(exported, without_pending(deployment, adopted, gone))
    print(f"{stack.name}: reading back what the killed run changed", flush=True)
    with engine_step(stack, "refresh"):
        stack.handle.refresh(on_output=show_output, on_error=show_error, color=colour(), show_secrets=False)


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
        running = wait_for_clones(self._vcenter, places.datacenter, places.template)
        if running:
            self._say(f"waited for {running} clones of the template to end")
        machines = {m.name: m for m in machines_in_folder(self._vcenter, places.datacenter, places.folder)}
        adopted: dict[str, Adopted] = {}
        for operation in pending:
            self._say(f"a killed run was {operation.operation} {operation.name}")
            if operation.operation != "creating":
                continue
            machine = machines.get(operation.name)
            if operation.kind != MACHINE:
                identifier = self._identified(operation)
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
        return {operation.urn for operation in deleting if self._identified(operation) is None}

    def _settle_machine(
        self, operation: PendingOperation, machine: FoundMachine, choice: Choice | None
    ) -> Adopted | None:
        wait_until_idle(machine)
        places = self._environment.vcenter
        now = machines_in_folder(self._vcenter, places.datacenter, places.folder)
        machine = next((found for found in now if found.uuid == machine.uuid), machine)
        finished = machine.first_boot_name == machine.name
        choice = choice or self._ask(machine, finished=finished)
        if choice is Choice.REMOVE or not finished:
            why = "as asked" if finished else "it was cloned but never configured"
            self._say(f"removing {machine.name} ({why})")
            remove(machine)
            return None
        if not machine.powered_on:
            power_on(machine)
        self._say(f"adopting {machine.name}")
        return Adopted(machine.uuid, adopted_outputs(machine, operation.inputs))

    def _ask(self, machine: FoundMachine, *, finished: bool) -> Choice:
        power = "powered on" if machine.powered_on else "powered off"
        state = f"configured, {power}" if finished else "never configured"
        fact = f"{self._stack.name}: vCenter has {machine.name} ({state}), made by an interrupted run, without a record"
        choices = [choice.value for choice in Choice] if finished else [Choice.REMOVE.value]
        if not sys.stdin.isatty():
            fix = f"repeat the command with --leftovers {' or '.join(choices)}"
            raise NotPossibleHere(fact, "nobody is there to say what shall become of it", fix)
        print(fact)
        answer = input(f"Keep it (adopt) or delete it (remove)? [{'/'.join(choices)}] ").strip().lower()
        if answer not in choices:
            raise NotPossibleHere(machine.name, "nothing was decided", f"answer with {' or '.join(choices)}")
        return Choice(answer)

    def _identified(self, operation: PendingOperation) -> str | None:
        return identifier_of(self._vcenter, self._credentials, self._environment.vcenter.datacenter, operation)

    def _say(self, text: str) -> None:
        print(f"{self._stack.name}: {text}", flush=True)
