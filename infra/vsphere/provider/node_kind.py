"""Labels and taints of one node, as a kind of resource: ours are set, those of others stay.

The API takes a node's taints as one whole, in every way of patching, and controllers put theirs there at any time: so
what is there is read, ours are exchanged among it, and that is written unless somebody was faster.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx

from infra.errors import PersonError
from infra.kubernetes_api import ApiRefused, KubernetesApi
from infra.vsphere.provider.kinds import Found, Login
from infra.vsphere.provider.kubernetes_kind import KubernetesKind, deleting

if TYPE_CHECKING:
    from infra.vsphere.provider.values import Properties

PATIENCE = 900.0  # seconds until a machine has to have joined
_PAUSE = 1.0
NOTHING: dict[str, Any] = {"labels": {}, "taints": []}
_ATTEMPTS = 20  # to write while others write, too


class NotJoined(PersonError):
    """A machine that has not become a node."""

    def __init__(self, node: str) -> None:
        minutes = f"{PATIENCE / 60:g} minutes"
        fix = "see on the machine: journalctl -u slipway-join, and run this again"
        super().__init__(f"{node}: it has not joined the cluster within {minutes}; {fix}")


class NodeBusy(PersonError):
    """A node that others change all the time."""

    def __init__(self, node: str) -> None:
        super().__init__(f"{node}: others change it all the time; see who does: kubectl get events, and run this again")


class NodeSettings(KubernetesKind):
    """What the document says of one node.

    `kubeconfig` is the administrator's (secret), `node` the node's name, `machine` the UUID of its virtual machine
    (made anew, the node has lost its settings), `labels` a map, `taints` a list of `{key, value, effect}`.
    """

    token = "slipway:index:NodeSettings"  # noqa: S105 - a type
    inputs = ("kubeconfig", "node", "machine", "labels", "taints")
    replacing = ("node",)

    def create(self, login: Login, inputs: Properties, owner: str) -> Found:
        """Wait for the node, and set what is asked. Raises `NotJoined`, `ApiUnreachable`, `ApiRefused`."""
        del login, owner
        self._set(inputs, NOTHING)
        return Found(inputs["node"], dict(inputs), inputs)

    def read(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found | None:
        """Return what of it the node has, or None when there is no such node."""
        del login
        if not state:
            return None
        with KubernetesApi(state["kubeconfig"]) as api:
            node = api.get(_path(identifier))
        if node is None:
            return None
        there = node["metadata"].get("labels", {})
        labels = {key: there[key] for key in state["labels"] if key in there}
        found = [_taint(each) for each in node["spec"].get("taints", [])]
        taints = [taint for taint in map(_taint, state["taints"]) if taint in found]
        now = {**state, "labels": labels, "taints": taints}
        return Found(identifier, now, {**inputs, "labels": labels, "taints": taints})

    def update(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Set what is asked now, and take away what was asked before and is not any more."""
        del login
        self._set(inputs, state)
        return Found(identifier, dict(inputs), inputs)

    def delete(self, login: Login, identifier: str, state: Properties) -> None:
        """Take away what was set; a node that is gone has nothing."""
        del login
        with deleting(identifier), KubernetesApi(state["kubeconfig"]) as api:
            node = api.get(_path(identifier))
            if node is not None:
                _exchange(api, node, NOTHING, state)

    def _set(self, inputs: Properties, before: Properties) -> None:
        with KubernetesApi(inputs["kubeconfig"]) as api:
            deadline = time.monotonic() + PATIENCE
            while (node := api.get(_path(inputs["node"]))) is None or not is_of_machine(node, inputs["machine"]):
                if time.monotonic() > deadline:
                    raise NotJoined(inputs["node"])
                time.sleep(_PAUSE)
            _exchange(api, node, inputs, before)


def _exchange(api: KubernetesApi, node: dict[str, Any], wanted: Properties, before: Properties) -> None:
    """Write what is wanted of a node, again and again while others are faster."""
    for _ in range(_ATTEMPTS):
        try:
            api.merge(_path(node["metadata"]["name"]), patch(node, wanted, before))
        except ApiRefused as refused:
            if refused.status == httpx.codes.NOT_FOUND and wanted is NOTHING:
                return
            if refused.status != httpx.codes.CONFLICT:
                raise
            node = api.get(_path(node["metadata"]["name"])) or node
        else:
            return
    raise NodeBusy(node["metadata"]["name"])


def is_of_machine(node: dict[str, Any], machine: str) -> bool:
    """Whether a node tells of the virtual machine of a UUID, and not of one that had its name before.

    Machines of older virtual hardware tell the first three parts of their UUID with the bytes in the other order. A
    node that tells nothing is taken for the right one.
    """
    told = str(node.get("status", {}).get("nodeInfo", {}).get("systemUUID", "")).lower()
    if not told or not machine:
        return True
    parts = machine.lower().split("-")
    turned = [bytes.fromhex(part)[::-1].hex() for part in parts[:3]]
    return told in (machine.lower(), "-".join([*turned, *parts[3:]]))


def patch(node: dict[str, Any], wanted: Properties, before: Properties) -> dict[str, Any]:
    """Return what brings a node from what was asked of it before to what is wanted now; all else stays.

    `node` is the node as it is: it is refused (409) when the node has changed meanwhile. Taints are known by their key.
    """
    labels: dict[str, str | None] = dict.fromkeys(sorted(set(before["labels"]) - set(wanted["labels"])))
    labels |= wanted["labels"]
    ours = {taint["key"] for taint in (*before["taints"], *wanted["taints"])}
    others = [taint for taint in node["spec"].get("taints", []) if taint["key"] not in ours]
    return {
        "metadata": {"resourceVersion": node["metadata"]["resourceVersion"], "labels": labels},
        "spec": {"taints": [*others, *map(_taint, wanted["taints"])]},
    }


def _taint(taint: dict[str, Any]) -> dict[str, str]:
    """Return a taint with its three parts alone, an empty value left out as the API does."""
    return {part: str(taint[part]) for part in ("key", "value", "effect") if taint.get(part)}


def _path(node: str) -> str:
    return f"/api/v1/nodes/{node}"
