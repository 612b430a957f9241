"""How the tools of an environment are: address, sign-in, health, version, and whether contracts stand in for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.model.tools import reachable, tools_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.kubernetes_api import KubernetesApi
    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.model.tools import Tool

_WORKLOADS = ("deployments", "statefulsets", "daemonsets")
_SIGN_IN = {"own": "single sign-on", "gateway": "single sign-on at the gateway", "none": "keys"}
_PORT_FORWARD = "kubectl port-forward -n {namespace} svc/{service} {port}"
_DATABASES = "/apis/postgresql.cnpg.io/v1/clusters"


@dataclass(frozen=True)
class Counted:
    """How many pods there should be, and how many are ready."""

    ready: int
    wanted: int

    @property
    def words(self) -> str:
        """The count as people read it."""
        return f"{self.ready} of {self.wanted} ready" if self.wanted else "no pods"


@dataclass(frozen=True)
class Way:
    """How people get to a tool: its title, a URL or a command, how they sign in there."""

    title: str
    address: str
    sign_in: str


@dataclass(frozen=True)
class ToolStatus:
    """One tool. `state` is `ready`, `not ready` or `unknown`, `health` says why; `origin` is `real` or `contract`."""

    title: str
    area: str
    layer: str
    version: str
    origin: str
    state: str
    health: str
    ways: tuple[Way, ...]


def tools_status(
    environment: Environment, release: Release, origin: str, counted: Mapping[str, Counted] | None
) -> list[ToolStatus]:
    """Return the status of every tool that a document asks for, in the order of the table.

    `origin` says what its charts are, `counted` the pods by namespace, None where the API does not answer.
    """
    return [_status(environment, release, origin, counted, tool) for tool in tools_of(environment).values()]


def count_pods(api: KubernetesApi) -> dict[str, Counted]:
    """Return how many pods are ready and how many there should be, by namespace: of workloads and of databases.

    Raises `ApiUnreachable`, `ApiRefused`.
    """
    found: dict[str, list[Counted]] = {}
    for kind in _WORKLOADS:
        for each in (api.get(f"/apis/apps/v1/{kind}") or {}).get("items", []):
            found.setdefault(each["metadata"]["namespace"], []).append(of_workload(each))
    for each in (api.get(_DATABASES) or {}).get("items", []):
        found.setdefault(each["metadata"]["namespace"], []).append(of_database(each))
    return {name: Counted(sum(c.ready for c in each), sum(c.wanted for c in each)) for name, each in found.items()}


def of_workload(workload: Mapping[str, Any]) -> Counted:
    """Return the count of a Deployment, StatefulSet or DaemonSet, as the API has it."""
    status = workload.get("status", {})
    if "desiredNumberScheduled" in status:
        return Counted(status.get("numberReady", 0), status["desiredNumberScheduled"])
    return Counted(status.get("readyReplicas", 0), workload["spec"].get("replicas", 1))


def of_database(cluster: Mapping[str, Any]) -> Counted:
    """Return the count of a CloudNativePG Cluster, whose pods no workload keeps."""
    return Counted(cluster.get("status", {}).get("readyInstances", 0), cluster["spec"]["instances"])


def _status(
    environment: Environment, release: Release, origin: str, counted: Mapping[str, Counted] | None, tool: Tool
) -> ToolStatus:
    chart = release.charts.get(tool.component)
    state, health = "unknown", "the API does not answer"
    if counted is not None and not tool.has_pods:
        state, health = "ready", "nothing to run"
    elif counted is not None:
        count = counted.get(tool.namespace, Counted(0, 0))
        state = "ready" if count.wanted and count.ready == count.wanted else "not ready"
        health = count.words
    version = chart.version if chart is not None else "-"
    shown = origin if tool.chart else "none: own objects"
    return ToolStatus(tool.title, tool.area, tool.layer, version, shown, state, health, _ways(environment, tool))


def _ways(environment: Environment, tool: Tool) -> tuple[Way, ...]:
    gateway = environment.cluster.gateway
    open_ones = reachable(environment, tool)
    signed_in = environment.cluster.sign_in is not None
    found = []
    for each in tool.addresses:
        if each in open_ones and gateway is not None:
            how = _SIGN_IN[each.sign_in] if signed_in or each.sign_in == "none" else "local administrator"
            found.append(Way(each.title, f"https://{each.host(gateway.domain)}", how))
        else:
            command = _PORT_FORWARD.format(namespace=tool.namespace, service=each.service, port=each.port)
            found.append(Way(each.title, command, "none: from inside the cluster alone"))
    return tuple(found)
