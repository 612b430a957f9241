"""Cilium's agent, played: it lays the network plugin's configuration, and pods get a network while it runs.

The real one leaves its configuration when it ends (`cni.uninstall` is off, so that an upgrade cuts nobody off), and a
kubelet is ready as long as there is one: a node stays ready without its agent, also over a restart. But the
configuration only calls the agent, so that no new pod gets a network meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.machines.effects.effect import Effect
from rehearsal.machines.places import NETWORK_AGENT, NETWORK_CONFIGURATION, remove, touch

if TYPE_CHECKING:
    from rehearsal.machines.effects.effect import Container


class NetworkPlugin(Effect):
    """Says by two files that a node has a network."""

    def look(self, _container: Container) -> None:
        """Lay the configuration, and be there."""
        touch(NETWORK_CONFIGURATION)
        touch(NETWORK_AGENT)

    def stop(self) -> None:
        """Be gone."""
        remove(NETWORK_AGENT)
