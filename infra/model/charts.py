"""What a release pins of the components that run in a cluster: charts and manifests, and what they bring."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.model.base import Document, entry
from infra.model.kubernetes_texts import ChartSource, ObjectName
from infra.model.texts import Digest, HttpsUrl, OneLine, ProgramVersion

Port = Annotated[int, Field(ge=1, le=65535, strict=True)]


class Definition(Document):
    """A kind that a component adds to the API (CustomResourceDefinition)."""

    kind: OneLine = entry("Kind", "ClusterPolicy")
    """The kind's name."""
    name: ObjectName = entry("Name", "clusterpolicies.nvidia.com")
    """Name of the definition: the kind's plural, a dot, its group."""
    version: OneLine = entry("Version", "v1")
    """The version of it that Slipway writes."""
    scope: Literal["Cluster", "Namespaced"] = entry("Scope", "Cluster", default="Namespaced")
    """Whether its objects stand in namespaces."""


class Workload(Document):
    """Pods that a component keeps running."""

    kind: Literal["DaemonSet", "Deployment", "StatefulSet"] = entry("Kind", "Deployment")
    """What keeps them."""
    name: ObjectName = entry("Name", "gpu-operator")
    """Name of the workload, as the chart's own values give it under the release name that Slipway uses."""
    control_plane: bool = entry("On the control plane", example=True, default=False)
    """Whether they run on control-plane nodes alone."""
    every_node: bool = entry("On every node", example=True, default=False)
    """Whether they tolerate every taint, so that they also run on nodes that are not ready yet."""
    early: bool = entry("Early", example=True, default=False)
    """Whether they tolerate what nodes are tainted with that are not ready yet, and no other taint of workers."""


class Provides(Document):
    """What a component brings, as far as others rely on it; stands in for the component where it can't be had."""

    definitions: list[Definition] = entry("Definitions", [{"kind": "ClusterPolicy"}], default_factory=list)
    """Kinds that it adds to the API and that Slipway writes objects of."""
    workloads: list[Workload] = entry("Workloads", [{"kind": "Deployment", "name": "dex"}], default_factory=list)
    """Its workloads."""
    services: dict[ObjectName, Port] = entry("Services", {"dex": 5556}, default_factory=dict)
    """Its Services that others call, with their port."""


class Chart(Document):
    """A Helm chart in one version."""

    chart: ObjectName = entry("Chart", "gpu-operator")
    """Name of the chart in its repository."""
    version: OneLine = entry("Version", "v26.7.0")
    """Version of the chart, exactly as its repository spells it."""
    source: ChartSource = entry("Source", "https://helm.ngc.nvidia.com/nvidia")
    """Repository that it is published in: `https://...`, or `oci://...` without the chart's name."""
    digest: Digest | None = entry("Digest", "sha256:0123...")
    """SHA-256 of the chart's archive; null until `slipway release pin` has computed it. A real vCenter is not touched
    with a null."""
    provides: Provides = entry("Provides", {"services": {"dex": 5556}}, default_factory=Provides)
    """What it brings."""


class Manifests(Document):
    """Manifests that a project publishes where it has no chart: one YAML file in one version."""

    version: ProgramVersion = entry("Version", "3.8.0")
    """Version, without a leading v."""
    source: HttpsUrl = entry("Source", "https://example.com/v3.8.0/driver.yaml")
    """Where the file is published."""
    namespace: ObjectName = entry("Namespace", "vmware-system-csi")
    """Namespace that its objects stand in, as the file says."""
    digest: Digest | None = entry("Digest", "sha256:0123...")
    """SHA-256 of the file; null until `slipway release pin` has computed it."""
    provides: Provides = entry("Provides", {"workloads": []}, default_factory=Provides)
    """What it brings."""
