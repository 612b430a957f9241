"""A Kubernetes API that answers, as a kind of resource: what stands on it waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.kubernetes_api import KubernetesApi, wait_for_api
from infra.vsphere.provider.kinds import Found, Login
from infra.vsphere.provider.kubernetes_kind import KubernetesKind

if TYPE_CHECKING:
    from infra.vsphere.provider.values import Properties

PATIENCE = 900.0  # seconds: a control plane boots within minutes, and downloads its images where they are not there


class ClusterApi(KubernetesKind):
    """The API of one cluster, ready. `cluster` is its name, `kubeconfig` the administrator's (JSON, secret).

    Outputs: `version`, as the API server gave it when it was last asked, and `uid`, which tells this cluster from
    others.
    """

    token = "slipway:index:ClusterApi"  # noqa: S105 - a type
    inputs = ("cluster", "kubeconfig")
    replacing = ("cluster",)
    computed = ("version", "uid")
    renewed = computed

    def create(self, login: Login, inputs: Properties, owner: str) -> Found:
        """Wait until the API is ready. Raises `ApiUnreachable`, `ApiRefused`."""
        del login, owner
        version = wait_for_api(inputs["kubeconfig"], PATIENCE)
        with KubernetesApi(inputs["kubeconfig"]) as api:
            uid = api.uid()
        return Found(inputs["cluster"], {**inputs, "version": version, "uid": uid}, inputs)

    def read(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found | None:
        """Return what is recorded: an API that is away for a while is not gone."""
        del login
        return Found(identifier, state, inputs) if state else None

    def update(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Wait until the API is ready for the new kubeconfig, too."""
        del state
        return Found(identifier, self.create(login, inputs, "").properties, inputs)

    def delete(self, login: Login, identifier: str, state: Properties) -> None:
        """Nothing was made."""
