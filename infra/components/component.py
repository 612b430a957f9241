"""What a component is, as plain data: namespace, secrets, chart or manifests, objects around them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.plain_yaml import read_yaml
from infra.render import render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Manifest = dict[str, Any]  # one object of the Kubernetes API
LABEL_PREFIX = "slipway.dev"
NODE_POOL_LABEL = f"{LABEL_PREFIX}/node-pool"
GPU_LABEL = f"{LABEL_PREFIX}/gpu"
TEAM_LABEL = f"{LABEL_PREFIX}/team"
COMPONENT_LABEL = f"{LABEL_PREFIX}/component"
SYSTEM_NAMESPACE = "kube-system"  # made by the cluster itself


@dataclass(frozen=True)
class FilledSecret:
    """A Secret whose contents come from elsewhere: nobody sees them in a preview.

    `sources` say where from (`infra.components.sources`), `fill` makes the entries, by key, out of the values, by
    source. It stands in the component's namespace, or in another one of its own objects (`namespace`). Pods that go on
    running read it, unless it is `for_jobs`, which are given what there is when they begin.
    """

    name: str
    sources: tuple[str, ...]
    fill: Callable[[Mapping[str, str]], dict[str, str]]
    type: str = "Opaque"
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace: str = ""
    for_jobs: bool = False


@dataclass(frozen=True)
class Component:
    """One component: everything that belongs together and can be switched off together.

    `name` is also the name of its chart or manifests in the release, if `chart` or `manifests` says that it has one;
    `values` are the chart's. `before` and `after` are objects that stand before and after these. `needs` names the
    components that have to be there first. `privileged` namespaces take pods that reach into their node.
    `probe` is an object, with the path of its kind in the API, that the component's webhooks let pass once they work:
    `after` waits for it. `generated` are Secrets of random values, keys by name. `change` is done to every manifest.
    """

    name: str
    namespace: str
    needs: tuple[str, ...] = ()
    chart: bool = False
    manifests: bool = False
    privileged: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    secrets: tuple[FilledSecret, ...] = ()
    generated: Mapping[str, Sequence[str]] = field(default_factory=dict)
    before: tuple[Manifest, ...] = ()
    probe: tuple[str, Manifest] | None = None
    after: tuple[Manifest, ...] = ()
    change: Callable[[Manifest], Manifest] | None = None


def chart_values(template: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a chart, from `templates/<template>.yaml.j2`, as `cluster/cilium`."""
    text = render(f"{template}.yaml.j2", values)
    return dict(read_yaml(text) or {})


def manifest(kind: str, version: str, name: str, namespace: str = "", **content: Any) -> Manifest:  # noqa: ANN401 - any object
    """Return an object of the API; `version` is its group and version, `content` what stands beside its metadata.

    `labels` among the content go into the metadata.
    """
    metadata: dict[str, Any] = {"name": name} | ({"namespace": namespace} if namespace else {})
    if labels := content.pop("labels", None):
        metadata["labels"] = labels
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


def namespace_manifest(name: str, *, pod_security: str, labels: Mapping[str, str] | None = None) -> Manifest:
    """Return a namespace whose pods have to keep to a Pod Security level."""
    level = {f"pod-security.kubernetes.io/{mode}": pod_security for mode in ("enforce", "warn")}
    return manifest("Namespace", "v1", name, labels={**level, **(labels or {})})


def fingerprint(content: Mapping[str, Any]) -> str:
    """Return a short hash of a configuration: as an annotation of pods it makes them read what has changed."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
