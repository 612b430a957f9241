"""Whom Prometheus asks for figures besides the tools that say so themselves: components of the cluster's layer.

The kinds of these objects come with Prometheus: what stands below can't have them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.component import Manifest, manifest
from infra.components.monitors import pod_monitor
from infra.components.ways_in import GATEWAY_NAMESPACE
from infra.platform.watch import API

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment

_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path
_NAME = "app.kubernetes.io/name"
_COMPONENT = "app.kubernetes.io/component"


def monitors(environment: Environment, namespace: str) -> tuple[Manifest, ...]:
    """Return what makes Prometheus ask components of the cluster's layer; the objects stand in a namespace."""
    return tuple(_monitors(environment, namespace))


def _monitors(environment: Environment, namespace: str) -> Iterator[Manifest]:
    cluster = environment.cluster
    if cluster.certificates is not None:
        labels = {_NAME: "cert-manager", _COMPONENT: "controller"}
        yield _services("cert-manager", namespace, "cert-manager", labels, {"port": "http-metrics"})
    if cluster.queues:
        # its certificate is its own; it asks the API whether the token may read figures
        endpoint = {
            "port": "https",
            "scheme": "https",
            "bearerTokenFile": _TOKEN,
            "tlsConfig": {"insecureSkipVerify": True},
        }
        yield _services("kueue", namespace, "kueue-system", {_NAME: "kueue", _COMPONENT: "metrics-service"}, endpoint)
    if cluster.gpu is not None and cluster.gpu.metrics and environment.has_gpus:
        labels = {"app": "nvidia-dcgm-exporter"}
        yield _services("nvidia-dcgm-exporter", namespace, "gpu-operator", labels, {"port": "gpu-metrics"})
    if cluster.gateway is not None:
        yield _gateway(namespace)


def _services(name: str, namespace: str, there: str, labels: dict[str, str], endpoint: dict[str, Any]) -> Manifest:
    spec = {
        "namespaceSelector": {"matchNames": [there]},
        "selector": {"matchLabels": labels},
        "endpoints": [endpoint],
    }
    return manifest("ServiceMonitor", API, name, namespace, spec=spec)


def _gateway(namespace: str) -> Manifest:
    """Return what asks the gateway's proxies, which no Service stands in front of for this."""
    labels = {_NAME: "envoy", _COMPONENT: "proxy", "app.kubernetes.io/managed-by": "envoy-gateway"}
    place = {"spaces": [GATEWAY_NAMESPACE], "port": "metrics", "path": "/stats/prometheus"}
    return pod_monitor("gateway", namespace, {"matchLabels": labels}, **place)
