"""What tells Prometheus where the figures of a tool are, where its chart has nothing for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.component import Manifest, manifest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_API = "monitoring.coreos.com/v1"


def service_monitor(name: str, namespace: str, labels: Mapping[str, str], **endpoint: Any) -> Manifest:  # noqa: ANN401 - any endpoint
    """Return what makes Prometheus read figures: of Services with `labels`, at an `endpoint` as its kind has them."""
    spec = {"selector": {"matchLabels": dict(labels)}, "endpoints": [endpoint]}
    return manifest("ServiceMonitor", _API, name, namespace, spec=spec)


def pod_monitor(
    name: str,
    namespace: str,
    selector: Mapping[str, Any],
    *,
    spaces: Sequence[str] = (),
    **endpoint: Any,  # noqa: ANN401 - any endpoint
) -> Manifest:
    """Return what makes Prometheus read figures of pods themselves: of its own namespace, or those of `spaces`."""
    spec: dict[str, Any] = {"selector": dict(selector), "podMetricsEndpoints": [endpoint]}
    if spaces:
        spec["namespaceSelector"] = {"matchNames": list(spaces)}
    return manifest("PodMonitor", _API, name, namespace, spec=spec)
