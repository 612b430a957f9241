"""Control-plane nodes go one by one: the next one not before the cluster has the one before again.

etcd with three members stands one that is away, not two. Machines tell vCenter how far they are, so nothing but vCenter
is asked.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from infra.errors import NotPossibleHere, StepFailed
from infra.guest_info import JOINED
from infra.model.environment import CONTROL_PLANE
from infra.vsphere.machines import machines_in_folder
from infra.vsphere.session import LOST, vcenter_session

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from types import TracebackType

    from infra.model.environment import Environment
    from infra.vsphere.session import Credentials, VCenter

PATIENCE = 900.0  # seconds until a node has joined again
_POLL_SECONDS = 3.0
_OFF = "it is off"


class Quorum:
    """Watches over the control plane of an environment while its nodes are made anew or restarted."""

    def __init__(self, stack: str, environment: Environment, credentials: Credentials) -> None:
        self._stack = stack
        self._environment = environment
        self._credentials = credentials
        self._before: Mapping[str, str] = {}
        self._open = ExitStack()
        self._vcenter: VCenter | None = None

    def __enter__(self) -> Quorum:
        """Return it; the session with vCenter begins when it is needed."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the session with vCenter."""
        self._open.close()

    def concerns(self, names: Collection[str]) -> bool:
        """Whether names are of control-plane nodes."""
        return bool(self._own(names))

    def loses_cluster(self, replaced: Collection[str], going_first: Collection[str], removed: Collection[str]) -> bool:
        """Whether a run takes away every node that has joined, and the cluster with it.

        Raises `NotPossibleHere` for what would end a cluster of several: nodes that are removed, or that go together.
        """
        going = self._own([*replaced, *going_first, *removed])
        if not going:
            return False
        joined = {name for name, state in self._states().items() if state.startswith(JOINED)}
        leaving = sorted(self._own([*going_first, *removed]) & joined)
        if leaving and len(joined) > 1:
            fix = "keep their number and their addresses; another control plane is another environment"
            reason = "etcd would go on counting them as members and lose its quorum"
            raise NotPossibleHere(f"{self._stack}: {', '.join(leaving)} would be deleted", reason, fix)
        return len(joined) == 1 and joined <= going

    def ordered(self, groups: Iterable[list[str]]) -> list[list[str]]:
        """Return groups of machines (URNs) with those first whose control-plane nodes are not in the cluster."""
        listed = list(groups)
        if not any(self.concerns(_names(group)) for group in listed):
            return listed
        away = set(not_joined(self._states(), ()))
        return sorted(listed, key=lambda group: not away & _names(group))

    def check(self, names: Collection[str]) -> None:
        """Raise `StepFailed` when control-plane nodes are about to go while another one is away already."""
        if not self.concerns(names):
            return
        self._before = self._states()
        if len(self._before) > 1 and not is_cluster(self._before):
            print(f"{self._stack}: no control-plane node tells that it has joined: nothing is waited for", flush=True)
        away = not_joined(self._before, names)
        if away:
            said = "; ".join(f"{name} ({state or 'it says nothing'})" for name, state in away.items())
            reason = f"etcd could lose its quorum: not in the cluster is {said}; mend that first, then run again"
            raise StepFailed(f"{self._stack}: making {', '.join(sorted(names))} anew", reason)

    def wait(self, names: Collection[str]) -> None:
        """Wait until control-plane nodes are in the cluster again. Raises `StepFailed` when they don't come in time."""
        own = self._own(names)
        if not own or not is_cluster(self._before):
            return
        told: dict[str, str] = {}
        deadline = time.monotonic() + PATIENCE
        while True:
            missing = self._missing(own, told)
            if not missing:
                return
            if time.monotonic() > deadline:
                reason = f"not in the cluster after {PATIENCE:.0f} seconds; look at its journal of slipway-join"
                raise StepFailed(f"{self._stack}: {', '.join(missing)}", f"{reason}, then run again")
            time.sleep(_POLL_SECONDS)

    def _missing(self, own: Collection[str], told: dict[str, str]) -> list[str]:
        """Return which nodes are not there yet, and print what they tell that is not in `told`."""
        try:
            states = self._states()
        except LOST as error:
            print(f"{self._stack}: vCenter does not answer ({' '.join(str(error).split())}), asked again", flush=True)
            return sorted(own)
        found = [name for name in sorted(own) if not has_joined_anew(self._before.get(name, ""), states.get(name, ""))]
        for name in found:
            if states.get(name, "") != told.get(name):
                told[name] = states.get(name, "")
                print(f"{self._stack}: waiting for {name} in the cluster: {told[name] or 'it boots'}", flush=True)
        return found

    def _own(self, names: Iterable[str]) -> set[str]:
        """Return the names that are of control-plane nodes."""
        prefix = self._environment.node_name(CONTROL_PLANE, 1).removesuffix("1")
        return {name for name in names if name.startswith(prefix) and name.removeprefix(prefix).isdigit()}

    def _states(self) -> dict[str, str]:
        """Return what the environment's control-plane machines tell, by name; one that is off tells nothing true."""
        places = self._environment.vcenter
        try:
            if self._vcenter is None:
                self._vcenter = self._open.enter_context(vcenter_session(self._credentials))
            found = machines_in_folder(self._vcenter, places.datacenter, places.folder)
        except LOST:
            self._vcenter, self._open = None, ExitStack()
            raise
        states = {machine.name: machine.node_state if machine.powered_on else _OFF for machine in found}
        return {name: states[name] for name in sorted(self._own(states))}


def _names(urns: Iterable[str]) -> set[str]:
    return {urn.rpartition("::")[2] for urn in urns}


def is_cluster(states: Mapping[str, str]) -> bool:
    """Whether any machine has joined: else there is no cluster that could be harmed."""
    return any(state.startswith(JOINED) for state in states.values())


def not_joined(states: Mapping[str, str], leaving: Collection[str]) -> dict[str, str]:
    """Return the machines that stay and are not in the cluster, with what they tell; none where there is no cluster."""
    if not is_cluster(states):
        return {}
    return {name: s for name, s in sorted(states.items()) if name not in leaving and not s.startswith(JOINED)}


def has_joined_anew(before: str, now: str) -> bool:
    """Whether what a machine tells now is a later arrival than the one before: the time in it differs."""
    return now.startswith(JOINED) and now != before
