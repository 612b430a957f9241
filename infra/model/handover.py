"""What one layer hands to the next. All hand-overs stand on this one screen: this file is the architecture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Layer = Literal["compute", "cluster", "platform", "toolchain"]
LAYERS: tuple[Layer, ...] = ("compute", "cluster", "platform", "toolchain")
BUILT_LAYERS: tuple[Layer, ...] = ("compute",)  # those that this version can build
HANDOVER = "handover"  # the one output of every stack


@dataclass(frozen=True)
class Node:
    """One virtual machine that will be a Kubernetes node.

    `name` is VM name and host name, `pool` its node pool (`control-plane` for the control plane), `address` its
    IPv4 address, `uuid` the VM's BIOS UUID (in a Pulumi program an `Output[str]`).
    """

    name: str
    pool: str
    address: str
    uuid: Any


@dataclass(frozen=True)
class ComputeHandover:
    """Compute to cluster: the nodes, where in vCenter they stand, and how the Kubernetes API is reached.

    `api` is its URL, `kubeconfig` the administrator's, as JSON (in a Pulumi program a secret `Output[str]`).
    """

    environment: str
    server: str
    datacenter: str
    folder: str
    nodes: tuple[Node, ...]
    api: str
    kubeconfig: Any

    def outputs(self) -> dict[str, Any]:
        """Return the hand-over as plain nested dictionaries and lists, for a stack output."""
        return {**vars(self), "nodes": [dict(vars(node)) for node in self.nodes]}


Handover = ComputeHandover
