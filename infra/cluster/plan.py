"""What the cluster layer makes of an environment's document: its components in order, and what its nodes are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.cluster.access import access
from infra.cluster.certificates import ISSUER, certificates
from infra.cluster.cloud_provider import cloud_provider
from infra.cluster.gateway import gateway
from infra.cluster.gpu_operator import gpu_operator, node_features
from infra.cluster.metrics import metrics
from infra.cluster.network import network
from infra.cluster.queues import local_queues, queues
from infra.cluster.sign_in import clients, sign_in
from infra.cluster.storage import storage
from infra.cluster.teams import teams
from infra.components.component import GPU_LABEL, NODE_POOL_LABEL
from infra.components.plan import LayerPlan
from infra.components.sources import MADE
from infra.components.ways_in import GATEWAY, GATEWAY_NAMESPACE
from infra.model.environment import CONTROL_PLANE
from infra.model.gpu_kinds import RESOURCE, gpu_kinds, kind_name
from infra.model.handover import GpuResource

if TYPE_CHECKING:
    from infra.components.component import Component
    from infra.model.environment import Environment
    from infra.model.nodes import NodePool
    from infra.model.release import Release

GPU_TAINT = {"key": RESOURCE, "value": "present", "effect": "NoSchedule"}  # NVIDIA's own tolerations know it


@dataclass(frozen=True)
class NodePlan:
    """What one node is told: labels, and taints as `{key, value, effect}`; and how many GPUs it has to offer."""

    name: str
    labels: dict[str, str]
    taints: tuple[dict[str, str], ...]
    gpus: int = 0


@dataclass(frozen=True)
class ClusterPlan(LayerPlan):
    """Everything that the cluster layer makes: components, what its nodes are told, and what the hand-over says."""

    nodes: tuple[NodePlan, ...]
    storage_classes: tuple[str, ...]
    default_storage_class: str
    gateway: dict[str, str]
    cluster_issuer: str
    gpus: dict[str, GpuResource]
    queues: tuple[str, ...]
    namespaces: dict[str, tuple[str, ...]]


def plan_cluster(environment: Environment, release: Release) -> ClusterPlan:
    """Return the cluster layer of an environment."""
    asked = environment.cluster
    classes = asked.storage.classes if asked.storage is not None else {}
    way_in = asked.gateway
    return ClusterPlan(
        components=_components(environment, release),
        handed=tuple(f"{MADE}:{address.client}" for address in clients(environment)),
        nodes=tuple(_nodes(environment)),
        storage_classes=tuple(sorted(classes)),
        default_storage_class=next((name for name in sorted(classes) if classes[name].default), ""),
        gateway={"namespace": GATEWAY_NAMESPACE, "name": GATEWAY, "domain": way_in.domain} if way_in else {},
        cluster_issuer=ISSUER if asked.certificates is not None else "",
        gpus={
            kind.name: GpuResource(RESOURCE, kind.name, GPU_LABEL, kind.count, kind.nodes)
            for kind in gpu_kinds(environment).values()
        },
        queues=local_queues(environment),
        namespaces={name: tuple(sorted(team.namespaces)) for name, team in sorted(asked.teams.items())},
    )


def _components(environment: Environment, release: Release) -> tuple[Component, ...]:
    found = (
        network(environment),
        cloud_provider(environment),
        storage(environment),
        certificates(environment),
        gateway(environment),
        metrics(environment),
        node_features(environment),
        gpu_operator(environment, release),
        access(environment),
        teams(environment),
        queues(environment),
        sign_in(environment),
    )
    return tuple(component for component in found if component is not None)


def _nodes(environment: Environment) -> list[NodePlan]:
    found = []
    for name, machine in environment.machines().items():
        labels, taints, gpus = {NODE_POOL_LABEL: name}, [], 0
        if name != CONTROL_PLANE:
            pool: NodePool = environment.node_pools[name]
            taints = [dict(taint.model_dump()) for taint in pool.taints]
            labels |= pool.labels
            if pool.gpu is not None:
                labels |= {GPU_LABEL: kind_name(pool.gpu)}
                gpus = pool.gpu.count
                if all(taint["key"] != RESOURCE for taint in taints):
                    taints.append(GPU_TAINT)
        found += [
            NodePlan(environment.node_name(name, number), labels, tuple(taints), gpus)
            for number in range(1, machine.count + 1)
        ]
    return found
