"""What makes GPUs usable in pods: Node Feature Discovery finds them, NVIDIA's GPU operator brings the rest."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from infra.components.component import Component, FilledSecret, chart_values
from infra.compute.node_files import proxy_variables
from infra.model.gpu_kinds import RESOURCE, has_vgpus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.model.environment import Environment
    from infra.model.release import Release

DISCOVERY = "node-feature-discovery"
NAME = "gpu-operator"
NAMESPACE = "gpu-operator"
LICENCE_TOKEN = "slipway:vgpuLicenceToken"  # noqa: S105 - the name of a setting
_LICENCE_SECRET = "licensing-config"  # noqa: S105 - the name of an object; the operator's documentation fixes its keys
REGISTRY_PASSWORD = "slipway:gpuRegistryPassword"  # noqa: S105 - the name of a setting
_PULL_SECRET, _DOCKER_CONFIG = "driver-registry", "kubernetes.io/dockerconfigjson"
_GRIDD = "FeatureType=4\n"  # NVIDIA, "Licensing": 4 is a virtual compute licence


def node_features(environment: Environment) -> Component | None:
    """Return what finds the GPUs of nodes, or None when there are none to find."""
    if not wanted(environment):
        return None
    return Component(
        DISCOVERY,
        DISCOVERY,
        needs=("cilium", "vsphere-cpi"),
        chart=True,
        privileged=True,
        values=chart_values(f"cluster/{DISCOVERY}", {}),
    )


def gpu_operator(environment: Environment, release: Release) -> Component | None:
    """Return the GPU operator of an environment's cluster, or None without GPUs, or when it is switched off."""
    asked = environment.cluster.gpu
    if asked is None or not wanted(environment):
        return None
    image = asked.driver_image
    licensed = has_vgpus(environment)
    values = {
        "driver": release.machine_template.driver_strategy == "operator",
        "driver_repository": image.rpartition("/")[0] if image else "",
        "driver_image": image.rpartition("/")[2] if image else "",
        "driver_version": release.gpu_driver.version,
        "licence_secret": _LICENCE_SECRET if licensed else "",
        "pull_secret": _PULL_SECRET if image and asked.driver_registry_user else "",
        "environment": proxy_variables(environment),
        "tolerated": sorted({RESOURCE, *_own_taints(environment)}),
        "mig_strategy": asked.mig_strategy,
        "metrics": asked.metrics,
    }
    secrets = []
    if licensed:
        secrets.append(FilledSecret(_LICENCE_SECRET, (LICENCE_TOKEN,), _licence))
    if asked.driver_registry_user and image:
        host, user = image.partition("/")[0], asked.driver_registry_user
        secrets.append(FilledSecret(_PULL_SECRET, (REGISTRY_PASSWORD,), _login(host, user), _DOCKER_CONFIG))
    return Component(
        NAME,
        NAMESPACE,
        needs=(DISCOVERY,),
        chart=True,
        privileged=True,
        values=chart_values(f"cluster/{NAME}", values),
        secrets=tuple(secrets),
    )


def _licence(settings: Mapping[str, str]) -> dict[str, str]:
    return {"gridd.conf": _GRIDD, "client_configuration_token.tok": settings[LICENCE_TOKEN]}


def _login(host: str, user: str) -> Callable[[Mapping[str, str]], dict[str, str]]:
    """Return what makes the login to a registry out of its password."""

    def filled(settings: Mapping[str, str]) -> dict[str, str]:
        password = settings[REGISTRY_PASSWORD]
        both = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {".dockerconfigjson": json.dumps({"auths": {host: {"auth": both}}})}

    return filled


def _own_taints(environment: Environment) -> set[str]:
    """Return the keys of the taints that pools with GPUs have of their own."""
    return {taint.key for pool in environment.node_pools.values() if pool.gpu is not None for taint in pool.taints}


def wanted(environment: Environment) -> bool:
    """Whether there are GPUs, and this cluster's software is to serve them."""
    return environment.cluster.gpu is not None and environment.has_gpus
