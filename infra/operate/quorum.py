"""Control-plane nodes go one by one: the next one not before the cluster has the one before again.

etcd with three members stands one that is away, not two. Machines tell vCenter how far they are, so nothing but vCenter
is asked.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from infra.errors import StepFailed
from infra.guest_info import JOINED
from infra.model.environment import CONTROL_PLANE
from infra.vsphere.machines import machines_in_folder
from infra.vsphere.session import vcenter_session

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from infra.model.environment import Environment
    from infra.vsphere.session import Credentials

PATIENCE = 900.0  # seconds until a node has joined again
_POLL_SECONDS = 2.0
_FEWEST = 2  # control-plane nodes that have a quorum to lose


class Quorum:
    """Watches over the control plane of an environment while its nodes are made anew or restarted."""

    def __init__(self, stack: str, environment: Environment, credentials: Credentials) -> None:
        self._stack = stack
        self._environment = environment
        self._credentials = credentials
        self._before: Mapping[str, str] = {}

    def check(self, names: Collection[str]) -> None:
        """Raise `StepFailed` when control-plane nodes are about to go while another one is away already."""
        if not self._own(names):
            return
        self._before = self._states()
        away = not_joined(self._before, names)
        if away:
            said = "; ".join(f"{name} ({state or 'it says nothing'})" for name, state in away.items())
            reason = f"not in the cluster: {said}; with another one away it would stop; mend that first, then run again"
            raise StepFailed(f"{self._stack}: touching {', '.join(sorted(names))}", reason)

    def wait(self, names: Collection[str]) -> None:
        """Wait until control-plane nodes are in the cluster again. Raises `StepFailed` when they don't come in time."""
        own = self._own(names)
        if not own or not is_cluster(self._before):
            return
        told: dict[str, str] = {}
        deadline = time.monotonic() + PATIENCE
        while True:
            states = self._states()
            missing = sorted(
                name for name in own if not has_joined_anew(self._before.get(name, ""), states.get(name, ""))
            )
            for name in missing:
                if states.get(name, "") != told.get(name):
                    told[name] = states.get(name, "")
                    print(f"{self._stack}: waiting for {name} in the cluster: {told[name] or 'it boots'}", flush=True)
            if not missing:
                return
            if time.monotonic() > deadline:
                reason = (
                    f"not in the cluster after {PATIENCE:.0f} seconds; look at the machine's journal of slipway-join"
                )
                raise StepFailed(f"{self._stack}: {', '.join(missing)}", f"{reason}, then run again")
            time.sleep(_POLL_SECONDS)

    def _own(self, names: Collection[str]) -> set[str]:
        """Return the control-plane nodes among names, if there are several in all."""
        count = self._environment.control_plane.count
        own = {self._environment.node_name(CONTROL_PLANE, number) for number in range(1, count + 1)}
        return own & set(names) if count >= _FEWEST else set()

    def _states(self) -> dict[str, str]:
        """Return what the environment's control-plane machines tell, by name."""
        places = self._environment.vcenter
        prefix = f"{self._environment.name}-{CONTROL_PLANE}-"
        with vcenter_session(self._credentials) as vcenter:
            found = machines_in_folder(vcenter, places.datacenter, places.folder)
        return {machine.name: machine.node_state for machine in found if machine.name.startswith(prefix)}


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
