"""The GPUs that a node offers to pods, as a kind of resource: what needs them waits until they are there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from infra.errors import PersonError
from infra.kubernetes_api import KubernetesApi
from infra.vsphere.provider.kinds import Found, Login
from infra.vsphere.provider.kubernetes_kind import KubernetesKind

if TYPE_CHECKING:
    from infra.vsphere.provider.values import Properties

PATIENCE = 1800.0  # seconds: the operator may have to download and build the driver on every node
_PAUSE = 1.0


class GpusMissing(PersonError):
    """A node that does not offer the GPUs that its machine has."""

    def __init__(self, node: str, resource: str, offered: int, count: int) -> None:
        fix = f"see why: kubectl get pods -n gpu-operator -o wide --field-selector spec.nodeName={node}, run this again"
        minutes = f"{PATIENCE / 60:g} minutes"
        super().__init__(f"{node}: it offers {offered} of {count} {resource} after {minutes}; {fix}")


class NodeGpus(KubernetesKind):
    """The GPUs of one node, offered.

    `kubeconfig` is the administrator's (secret), `node` the node's name, `machine` the UUID of its virtual machine
    (made anew, it is waited for again), `resource` what pods ask for, `count` how many.
    """

    token = "slipway:index:NodeGpus"  # noqa: S105 - a type
    inputs = ("kubeconfig", "node", "machine", "resource", "count")
    replacing = ("node",)

    def create(self, login: Login, inputs: Properties, owner: str) -> Found:
        """Wait until they are offered. Raises `GpusMissing`, `ApiUnreachable`, `ApiRefused`."""
        del login, owner
        deadline = time.monotonic() + PATIENCE
        with KubernetesApi(inputs["kubeconfig"]) as api:
            while (offered := _offered(api.get(f"/api/v1/nodes/{inputs['node']}"), inputs)) != inputs["count"]:
                if time.monotonic() > deadline:
                    raise GpusMissing(inputs["node"], inputs["resource"], offered, inputs["count"])
                time.sleep(_PAUSE)
        return Found(inputs["node"], dict(inputs), inputs)

    def read(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found | None:
        """Return them with the number that is offered now, or None when the node has gone."""
        del login
        if not state:
            return None
        with KubernetesApi(state["kubeconfig"]) as api:
            node = api.get(f"/api/v1/nodes/{identifier}")
        if node is None:
            return None
        now = {"count": _offered(node, state)}
        return Found(identifier, {**state, **now}, {**inputs, **now})

    def update(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Wait until they are offered as they are wanted now."""
        del identifier, state
        return self.create(login, inputs, "")

    def delete(self, login: Login, identifier: str, state: Properties) -> None:
        """Nothing was made."""


def _offered(node: dict[str, Any] | None, inputs: Properties) -> int:
    allocatable = (node or {}).get("status", {}).get("allocatable", {})
    return int(allocatable.get(inputs["resource"], "0"))
