"""The objects of a contract chart, as plain data: definitions of kinds, workloads, Services. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.model.charts import Definition, Workload

IMAGE = "contract.slipway.example/played"  # nothing is in it: the played kubelet starts nothing
_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
_EARLY = [
    {"key": key, "operator": "Exists"}
    for key in (_CONTROL_PLANE, "node.kubernetes.io/not-ready", "node.cloudprovider.kubernetes.io/uninitialized")
]
_PROTECTED = (".k8s.io", ".kubernetes.io")  # groups whose definitions have to say who approved them
_RBAC = "rbac.authorization.k8s.io"


def loose_definition(definition: Definition) -> dict[str, Any]:
    """Return a definition of a kind that takes every content."""
    plural, _, group = definition.name.partition(".")
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": definition.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": anything},
        "subresources": {"status": {}},
    }
    metadata: dict[str, Any] = {"name": definition.name}
    if group.endswith(_PROTECTED):
        metadata["annotations"] = {"api-approved.kubernetes.io": "unapproved, a contract in a rehearsal"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": {
            "group": group,
            "names": {"kind": definition.kind, "plural": plural, "singular": definition.kind.lower()},
            "scope": definition.scope,
            "versions": [version],
        },
    }


def without_webhooks(definition: dict[str, Any]) -> dict[str, Any]:
    """Return a real definition without the conversion by a webhook that nobody serves here."""
    spec = {key: value for key, value in definition["spec"].items() if key != "conversion"}
    return {**definition, "spec": spec}


def workload_objects(workload: Workload, namespace: str, version: str) -> list[dict[str, Any]]:
    """Return a workload with its service account; `version` is the chart's.

    The account has an administrator's rights: which ones it really needs is the chart's own business.
    """
    name = workload.name
    labels = {"app.kubernetes.io/name": name}
    spec: dict[str, Any] = {
        "serviceAccountName": name,
        "containers": [{"name": name, "image": f"{IMAGE}:{version}"}],
        "hostNetwork": workload.every_node or workload.early,
        "tolerations": [{"operator": "Exists"}] if workload.every_node else _EARLY if workload.early else [],
    }
    if workload.control_plane:
        spec["nodeSelector"] = {_CONTROL_PLANE: ""}
        spec["tolerations"] = spec["tolerations"] or [{"key": _CONTROL_PLANE, "operator": "Exists"}]
    content: dict[str, Any] = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": spec},
    }
    if workload.kind != "DaemonSet":
        content["replicas"] = 1
    if workload.kind == "StatefulSet":
        content["serviceName"] = name
    place = {"name": name, "namespace": namespace}
    subject = {"kind": "ServiceAccount", **place}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": place},
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"contract-{name}"},
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [subject],
        },
        {"apiVersion": "apps/v1", "kind": workload.kind, "metadata": {**place, "labels": labels}, "spec": content},
    ]


def service_object(name: str, port: int, namespace: str) -> dict[str, Any]:
    """Return a Service in front of the workload of its name."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app.kubernetes.io/name": name}, "ports": [{"port": port}]},
    }
