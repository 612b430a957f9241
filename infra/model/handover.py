"""What one layer hands to the next. All hand-overs stand on this one screen: this file is the architecture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Layer = Literal["compute", "cluster", "platform", "toolchain"]
LAYERS: tuple[Layer, ...] = ("compute", "cluster", "platform", "toolchain")
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

    `api` is its URL, `kubeconfig` the administrator's, as JSON, `bootstrap_token` what machines join with (both secret
    `Output[str]` in a Pulumi program).
    """

    environment: str
    server: str
    datacenter: str
    folder: str
    nodes: tuple[Node, ...]
    api: str
    kubeconfig: Any
    bootstrap_token: Any

    def outputs(self) -> dict[str, Any]:
        """Return the hand-over as plain nested dictionaries and lists, for a stack output."""
        return {**vars(self), "nodes": [dict(vars(node)) for node in self.nodes]}


@dataclass(frozen=True)
class GpuResource:
    """GPUs of one kind, as pods ask for them.

    `resource` is the resource's name, `flavor` the Kueue ResourceFlavor and the value of the node label `node_label`
    that leads to their nodes, `count` how many there are in all, `nodes` how many nodes have them.
    """

    resource: str
    flavor: str
    node_label: str
    count: int
    nodes: int


@dataclass(frozen=True)
class ClusterHandover:
    """Cluster to platform and toolchain: how it is reached, and what can be asked for in it.

    `api` and `kubeconfig` are those of `ComputeHandover`; `storage_classes` are names, `default_storage_class` one of
    them or nothing; `gateway` is `{namespace, name, domain}` of the Gateway that routes attach to, or empty;
    `cluster_issuer` is cert-manager's ClusterIssuer, or nothing; `gpus` by kind; `queues` are the LocalQueues, as
    `<namespace>/<name>`; `namespaces` those of each team; `secrets` the tools' passwords at the issuer of people's
    tokens, by name (secret `Output[str]` in a Pulumi program).
    """

    environment: str
    api: Any
    kubeconfig: Any
    kubernetes: Any
    storage_classes: tuple[str, ...]
    default_storage_class: str
    gateway: dict[str, str]
    cluster_issuer: str
    gpus: dict[str, GpuResource]
    queues: tuple[str, ...]
    namespaces: dict[str, tuple[str, ...]]
    secrets: dict[str, Any]

    def outputs(self) -> dict[str, Any]:
        """Return the hand-over as plain nested dictionaries and lists, for a stack output."""
        return {
            **vars(self),
            "storage_classes": list(self.storage_classes),
            "gpus": {kind: dict(vars(gpu)) for kind, gpu in self.gpus.items()},
            "queues": list(self.queues),
            "namespaces": {team: list(names) for team, names in self.namespaces.items()},
        }


@dataclass(frozen=True)
class ToolsHandover:
    """Platform to toolchain, and toolchain to people: what was made in a layer, and how it is reached.

    `api`, `kubeconfig` and `kubernetes` are those of `ClusterHandover`; `addresses` are URLs by name; `secrets` are
    what the layers above log in with, by name (secret `Output[str]` in a Pulumi program).
    """

    environment: str
    api: Any
    kubeconfig: Any
    kubernetes: Any
    addresses: dict[str, str]
    secrets: dict[str, Any]

    def outputs(self) -> dict[str, Any]:
        """Return the hand-over as plain nested dictionaries and lists, for a stack output."""
        return dict(vars(self))


Handover = ComputeHandover | ClusterHandover | ToolsHandover
