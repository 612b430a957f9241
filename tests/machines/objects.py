"""Kubernetes objects for tests of what is played: as little as the API takes."""

from __future__ import annotations

from typing import Any

IMAGE = "registry.example.com/nothing:1"
EVERYWHERE = [{"operator": "Exists"}]


def pod_spec(account: str = "default", **more: Any) -> dict[str, Any]:
    """Return the spec of a pod with one container that tolerates everything."""
    container = {"name": "main", "image": IMAGE}
    return {"serviceAccountName": account, "tolerations": EVERYWHERE, "containers": [container], **more}


def workload(kind: str, name: str, namespace: str, account: str = "default", **spec: Any) -> dict[str, Any]:
    """Return a DaemonSet or a Deployment of one container."""
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod_spec(account, **spec)},
        },
    }


def account(name: str, namespace: str) -> list[dict[str, Any]]:
    """Return a service account that may do anything."""
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{namespace}-{name}"},
            "roleRef": role,
            "subjects": [subject],
        },
    ]


def definition(kind: str, name: str, version: str, scope: str) -> dict[str, Any]:
    """Return a CustomResourceDefinition that takes anything and has a status."""
    plural, _, group = name.partition(".")
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "scope": scope,
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                }
            ],
        },
    }


def pod(name: str = "a", namespace: str = "default", **more: Any) -> dict[str, Any]:
    """Return a pod as the API has it once it is bound to a node; `more` goes into its metadata."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "uid": f"{name}-uid", **more},
        "spec": {**pod_spec(), "nodeName": "node-1"},
    }
