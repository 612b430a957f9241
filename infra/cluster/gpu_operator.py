"""What makes GPUs usable in pods: Node Feature Discovery finds them, NVIDIA's GPU operator brings the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.cluster.component import Component, FilledSecret, chart_values
from infra.model.gpu_kinds import has_vgpus

if TYPE_CHECKING:
    from infra.model.environment import Environment
    from infra.model.release import Release

DISCOVERY = "node-feature-discovery"
NAME = "gpu-operator"
NAMESPACE = "gpu-operator"
LICENCE_TOKEN = "slipway:vgpuLicenceToken"  # noqa: S105 - the name of a setting
_LICENCE_SECRET = "licensing-config"  # noqa: S105 - the name of an object; the operator's documentation fixes its keys
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
        values=chart_values(DISCOVERY, {}),
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
        "mig_strategy": asked.mig_strategy,
        "metrics": asked.metrics,
    }

    def licence(settings: dict[str, str]) -> dict[str, str]:
        return {"gridd.conf": _GRIDD, "client_configuration_token.tok": settings[LICENCE_TOKEN]}

    return Component(
        NAME,
        NAMESPACE,
        needs=(DISCOVERY,),
        chart=True,
        privileged=True,
        values=chart_values(NAME, values),
        secrets=(FilledSecret(_LICENCE_SECRET, (LICENCE_TOKEN,), licence),) if licensed else (),  # type: ignore[arg-type]
    )


def wanted(environment: Environment) -> bool:
    """Whether there are GPUs, and this cluster's software is to serve them."""
    return environment.cluster.gpu is not None and environment.has_gpus
