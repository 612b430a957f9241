"""A Secret of the cluster with values made of chance, as a kind of resource: made once, seen by nobody."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

from infra.kubernetes_api import KubernetesApi
from infra.vsphere.provider.kinds import Found, Login
from infra.vsphere.provider.kubernetes_kind import KubernetesKind

if TYPE_CHECKING:
    from infra.vsphere.provider.values import Properties

_BYTES = 32


class GeneratedSecret(KubernetesKind):
    """A Secret whose values nobody chooses. One that is there is kept as it is: others may rely on it.

    `kubeconfig` is the administrator's (secret), `namespace` and `name` say where it stands, `keys` lists its entries;
    each gets 32 random bytes, as text in URL-safe base64. The values stand in the cluster alone, not in the state.
    """

    token = "slipway:index:GeneratedSecret"  # noqa: S105 - a type
    inputs = ("kubeconfig", "namespace", "name", "keys")
    replacing = ("namespace", "name", "keys")

    def create(self, login: Login, inputs: Properties, owner: str) -> Found:
        """Make it unless it is there. Raises `ApiUnreachable`, `ApiRefused`."""
        del login, owner
        place = f"{inputs['namespace']}/{inputs['name']}"
        made = {key: base64.urlsafe_b64encode(secrets.token_bytes(_BYTES)).decode() for key in inputs["keys"]}
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": inputs["name"], "namespace": inputs["namespace"]},
            "type": "Opaque",
            "stringData": made,
        }
        with KubernetesApi(inputs["kubeconfig"]) as api:
            api.create(f"/api/v1/namespaces/{inputs['namespace']}/secrets", body)
        return Found(place, dict(inputs), inputs)

    def read(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found | None:
        """Return it, or None when it has gone from the cluster."""
        del login
        if not state:
            return None
        with KubernetesApi(state["kubeconfig"]) as api:
            return Found(identifier, state, inputs) if api.get(_path(identifier)) else None

    def update(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Note a new kubeconfig: nothing of the Secret changes in place."""
        del login, state
        return Found(identifier, dict(inputs), inputs)

    def delete(self, login: Login, identifier: str, state: Properties) -> None:
        """Remove it."""
        del login
        with KubernetesApi(state["kubeconfig"]) as api:
            api.delete(_path(identifier))


def _path(identifier: str) -> str:
    namespace, _, name = identifier.partition("/")
    return f"/api/v1/namespaces/{namespace}/secrets/{name}"
