"""vSphere's cloud provider, played: it tells nodes which virtual machine they are, and lets pods come to them.

The real one looks the machine up in vCenter by the UUID that its kubelet reports; the played one takes the kubelet's
word, which has it from vCenter. Several replicas do no harm: a change is made to the version that was read, or not.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx

from rehearsal.machines.effects.effect import Effect

if TYPE_CHECKING:
    from rehearsal.machines.effects.effect import Container

UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"
INSTANCE_TYPE = "node.kubernetes.io/instance-type"
_PER_GIB = {"Ki": 1024**2, "Mi": 1024, "Gi": 1}


class CloudProvider(Effect):
    """Initialises nodes that wait for it."""

    pause = 1.0

    def look(self, container: Container) -> None:
        """Initialise every node that waits."""
        for node in container.kubernetes.items("/api/v1/nodes"):
            change = initialisation(node)
            if not change:
                continue
            try:
                container.kubernetes.merge(f"/api/v1/nodes/{node['metadata']['name']}", change)
            except httpx.HTTPStatusError as error:
                if error.response.status_code != HTTPStatus.CONFLICT:
                    raise
                continue  # somebody was quicker; it is seen at the next look


def initialisation(node: dict[str, Any]) -> dict[str, Any]:
    """Return the change that initialises a node: nothing for one that is, or whose machine is not known yet."""
    taints = node["spec"].get("taints", [])
    status = node.get("status", {})
    uuid = status.get("nodeInfo", {}).get("systemUUID", "").lower()
    if not uuid or UNINITIALIZED not in {taint["key"] for taint in taints}:
        return {}
    cpus, amount = status["capacity"]["cpu"], status["capacity"]["memory"]
    memory = int(amount[:-2]) // _PER_GIB[amount[-2:]]
    return {
        "metadata": {
            "resourceVersion": node["metadata"]["resourceVersion"],
            "labels": {INSTANCE_TYPE: f"vsphere-vm.cpu-{cpus}.mem-{memory}gb.os-ubuntu"},
        },
        "spec": {
            "providerID": f"vsphere://{uuid}",
            "taints": [taint for taint in taints if taint["key"] != UNINITIALIZED],
        },
    }
