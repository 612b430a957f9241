"""The program's side of what the provider has in a cluster. Every resource takes the administrator's kubeconfig."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _with_secret(opts: pulumi.ResourceOptions | None, *names: str) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=list(names)))


class ClusterApi(pulumi.CustomResource):
    """The Kubernetes API, once it answers. Outputs: `version` as it was then, `uid` of the cluster."""

    version: pulumi.Output[str]
    uid: pulumi.Output[str]

    def __init__(
        self, name: str, cluster: str, kubeconfig: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        inputs = {"cluster": cluster, "kubeconfig": kubeconfig, "version": None, "uid": None}
        super().__init__("slipway:index:ClusterApi", name, inputs, _with_secret(opts, "kubeconfig"))


class BootstrapToken(pulumi.CustomResource):
    """The Secret that machines join with, renewed before it ends. Output: `expires` (ISO 8601)."""

    expires: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        kubeconfig: pulumi.Input[str],
        token: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {"kubeconfig": kubeconfig, "token": token, "expires": None}
        super().__init__("slipway:index:BootstrapToken", name, inputs, _with_secret(opts, "kubeconfig", "token"))


class NodeSettings(pulumi.CustomResource):
    """Labels and taints of a node; waits until the machine (its UUID) has joined."""

    def __init__(
        self,
        name: str,
        kubeconfig: pulumi.Input[str],
        machine: pulumi.Input[str],
        labels: Mapping[str, str],
        taints: Sequence[Mapping[str, str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "kubeconfig": kubeconfig,
            "node": name,
            "machine": machine,
            "labels": dict(labels),
            "taints": [dict(taint) for taint in taints],
        }
        super().__init__("slipway:index:NodeSettings", name, inputs, _with_secret(opts, "kubeconfig"))


class NodeGpus(pulumi.CustomResource):
    """The GPUs of a node, once it offers them to pods; it is waited for anew when its machine (UUID) is."""

    def __init__(
        self,
        name: str,
        kubeconfig: pulumi.Input[str],
        machine: pulumi.Input[str],
        resource: str,
        count: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {"kubeconfig": kubeconfig, "node": name, "machine": machine, "resource": resource, "count": count}
        super().__init__("slipway:index:NodeGpus", name, inputs, _with_secret(opts, "kubeconfig"))


class GeneratedSecret(pulumi.CustomResource):
    """A Secret with random values, by key; they stand in the cluster alone."""

    def __init__(
        self,
        name: str,
        kubeconfig: pulumi.Input[str],
        namespace: str,
        secret: str,
        keys: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {"kubeconfig": kubeconfig, "namespace": namespace, "name": secret, "keys": list(keys)}
        super().__init__("slipway:index:GeneratedSecret", name, inputs, _with_secret(opts, "kubeconfig"))


class Workloads(pulumi.CustomResource):
    """The workloads of a component, by their label, once they are ready; `fingerprint` tells what they are made of."""

    def __init__(
        self,
        component: str,
        kubeconfig: pulumi.Input[str],
        selector: str,
        fingerprint: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {"kubeconfig": kubeconfig, "component": component, "selector": selector, "fingerprint": fingerprint}
        super().__init__("slipway:index:Workloads", component, inputs, _with_secret(opts, "kubeconfig"))


class Admission(pulumi.CustomResource):
    """The admission of an object (JSON) at a path of the API, once a component of a version would let it pass."""

    def __init__(
        self,
        name: str,
        kubeconfig: pulumi.Input[str],
        path: str,
        manifest: str,
        version: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {"kubeconfig": kubeconfig, "path": path, "manifest": manifest, "version": version}
        super().__init__("slipway:index:Admission", name, inputs, _with_secret(opts, "kubeconfig"))
