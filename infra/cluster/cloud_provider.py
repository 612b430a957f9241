"""The vSphere cloud provider: tells the cluster which virtual machine a node is, and when it has gone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from infra.components.component import SYSTEM_NAMESPACE, Component, FilledSecret, chart_values, fingerprint, manifest
from infra.render import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.model.environment import Environment

NAME = "vsphere-cpi"
USER, PASSWORD = "vsphere:user", "vsphere:password"
CONFIG, SECRET = "cloud-config", "vsphere-cloud-secret"


def cloud_provider(environment: Environment) -> Component:
    """Return the cloud provider of an environment's cluster.

    The chart's own configuration would not check vCenter's certificate unless it is given one, and always look for
    tags of regions and zones; so the configuration is ours, under the name that the chart mounts when it makes none
    (templates/daemonset.yaml of chart 1.36.0: `cloud-config`, whatever `config.name` says).
    """
    server, authority = environment.vcenter.server, environment.vcenter.authority
    config = render(
        "cluster/vsphere-cpi-config.yaml.j2",
        {
            "server": server,
            "datacenter": environment.vcenter.datacenter,
            "secret": SECRET,
            "namespace": SYSTEM_NAMESPACE,
            "authority": authority is not None,
            "nodes": str(environment.network.cidr),
        },
    )
    files = {"vsphere.conf": config} | ({"vcenter.crt": authority} if authority else {})

    def login(settings: Mapping[str, str]) -> dict[str, str]:
        return {f"{server}.username": settings[USER], f"{server}.password": settings[PASSWORD]}

    return Component(
        NAME,
        SYSTEM_NAMESPACE,
        chart=True,
        values=chart_values(f"cluster/{NAME}", {"secret": SECRET, "fingerprint": fingerprint(files)}),
        secrets=(FilledSecret(SECRET, (USER, PASSWORD), login),),
        before=(manifest("ConfigMap", "v1", CONFIG, SYSTEM_NAMESPACE, data=files),),
    )


def quoted(text: str) -> str:
    """Return a text in double quotes, as the configuration files of vSphere's drivers read it."""
    return json.dumps(text, ensure_ascii=False)
