"""Volumes on vSphere: the CSI driver from its project's manifests, and a StorageClass per storage policy."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from infra.cluster.cloud_provider import PASSWORD, USER, quoted
from infra.components.component import Component, FilledSecret, Manifest, manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.cluster import StorageClass
    from infra.model.environment import Environment

NAME = "vsphere-csi"
NAMESPACE = "vmware-system-csi"  # the manifests' own
DRIVER = "csi.vsphere.vmware.com"
_CONTROLLER = "vsphere-csi-controller"
_AUTHORITY_FILE = "/etc/cloud/vcenter.crt"  # beside the configuration, in the same Secret


def storage(environment: Environment) -> Component | None:
    """Return the volumes of an environment's cluster, or None when it has none."""
    if environment.cluster.storage is None:
        return None
    classes = environment.cluster.storage.classes
    server, authority = environment.vcenter.server, environment.vcenter.authority

    def config(settings: Mapping[str, str]) -> dict[str, str]:
        lines = [
            "[Global]",
            f"cluster-id = {quoted(environment.name)}",
            *([f"ca-file = {quoted(_AUTHORITY_FILE)}"] if authority else []),
            f"[VirtualCenter {quoted(server)}]",
            'insecure-flag = "false"',
            'port = "443"',
            f"user = {quoted(settings[USER])}",
            f"password = {quoted(settings[PASSWORD])}",
            f"datacenters = {quoted(environment.vcenter.datacenter)}",
        ]
        return {"csi-vsphere.conf": "\n".join(lines) + "\n"} | ({"vcenter.crt": authority} if authority else {})

    def fitted(each: Manifest) -> Manifest:
        return with_replicas(each, environment.control_plane.count)

    return Component(
        NAME,
        NAMESPACE,
        needs=("cilium", "vsphere-cpi"),
        manifests=True,
        privileged=True,
        secrets=(FilledSecret("vsphere-config-secret", (USER, PASSWORD), config),),
        after=tuple(_storage_class(name, classes[name]) for name in sorted(classes)),
        change=fitted,
    )


def with_replicas(each: Manifest, control_plane_nodes: int) -> Manifest:
    """Return a manifest with as many controllers as there are nodes for them: each wants a node of its own."""
    if each.get("kind") != "Deployment" or each["metadata"]["name"] != _CONTROLLER:
        return each
    changed = copy.deepcopy(each)
    changed["spec"]["replicas"] = min(changed["spec"].get("replicas", 1), control_plane_nodes)
    return changed


def _storage_class(name: str, asked: StorageClass) -> Manifest:
    content: dict[str, Any] = {
        "provisioner": DRIVER,
        "parameters": {"storagepolicyname": asked.policy, "csi.storage.k8s.io/fstype": asked.file_system},
        "reclaimPolicy": asked.reclaim.title(),
        "allowVolumeExpansion": True,
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    made = manifest("StorageClass", "storage.k8s.io/v1", name, **content)
    made["metadata"]["annotations"] = {
        "storageclass.kubernetes.io/is-default-class": "true" if asked.default else "false"
    }
    return made
