"""What the kinds of resources have in common that stand in a cluster, not in vCenter."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.kubernetes_api import FORGET_UNREACHABLE, ApiUnreachable, forgets_unreachable
from infra.vsphere.provider.kinds import Change, Found, Login, ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.vsphere.provider.values import Properties


class KubernetesKind(ResourceKind):
    """A kind that is reached by a kubeconfig, which is always one of its `inputs`.

    All `inputs` have to be there; one of `replacing` that changes makes another resource.
    """

    inputs: tuple[str, ...]
    replacing: tuple[str, ...]
    secret: tuple[str, ...] = ("kubeconfig",)
    uses_vcenter = False

    def problems(self, inputs: Properties) -> dict[str, str]:
        """Return what is wrong with inputs, by property path."""
        unknown = dict.fromkeys(sorted(set(inputs) - set(self.inputs)), "there is no such property")
        return unknown | {name: "is missing" for name in self.inputs if name not in inputs}

    def changes(self, state: Properties, inputs: Properties) -> list[Change]:
        """Return what differs."""
        return [
            Change(name, "update", replaces=name in self.replacing)
            for name in self.inputs
            if state.get(name) != inputs[name]
        ]

    def check_new(self, login: Login, inputs: Properties) -> None:
        """Nothing is refused beforehand: in a preview the cluster may not be there yet."""


class WaitingKind(KubernetesKind):
    """A kind that makes nothing: its `create` waits until something is so, and does it again for other inputs."""

    def read(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found | None:
        """Return what is recorded: nothing was made that could have gone."""
        del login
        return Found(identifier, state, inputs) if state else None

    def update(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Wait again."""
        del identifier, state
        return self.create(login, inputs, "")

    def delete(self, login: Login, identifier: str, state: Properties) -> None:
        """Nothing was made."""


@contextmanager
def deleting(identifier: str) -> Iterator[None]:
    """Take what stands in a cluster that can't be reached for deleted, where a person has asked for that.

    Raises `ApiUnreachable` where nobody has.
    """
    try:
        yield
    except ApiUnreachable as error:
        if not forgets_unreachable():
            raise
        print(f"{identifier}: forgotten, as {FORGET_UNREACHABLE} says: {error}", file=sys.stderr, flush=True)
