"""A Secret of the cluster with values made of chance, as a kind of resource: made once, seen by nobody."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

from infra.kubernetes_api import KubernetesApi
from infra.vsphere.provider.kinds import Found, Login
from infra.vsphere.provider.kubernetes_kind import KubernetesKind, deleting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.vsphere.provider.values import Properties

_BYTES = 32


class GeneratedSecret(KubernetesKind):
    """A Secret whose values nobody chooses. Values that are there are kept as they are: others may rely on them.

    `kubeconfig` is the administrator's (secret), `namespace` and `name` say where it stands, `keys` lists its entries;
    each gets 32 random bytes, as text in URL-safe base64. The values stand in the cluster alone, not in the state.
    """

    token = "slipway:index:GeneratedSecret"  # noqa: S105 - a type
    inputs = ("kubeconfig", "namespace", "name", "keys")
    replacing = ("namespace", "name")

    def create(self, login: Login, inputs: Properties, owner: str) -> Found:
        """Make it, or give what it lacks to one that is there. Raises `ApiUnreachable`, `ApiRefused`."""
        del login, owner
        _set(inputs, ())
        return Found(f"{inputs['namespace']}/{inputs['name']}", dict(inputs), inputs)

    def read(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found | None:
        """Return it with those of its keys that are there, or None when it has gone from the cluster."""
        del login
        if not state:
            return None
        with KubernetesApi(state["kubeconfig"]) as api:
            secret = api.get(_path(identifier))
        if secret is None:
            return None
        keys = [key for key in state["keys"] if key in secret.get("data", {})]
        return Found(identifier, {**state, "keys": keys}, {**inputs, "keys": keys})

    def update(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Give it the keys that are new, and take away those that are not asked for any more."""
        del login
        _set(inputs, state["keys"])
        return Found(identifier, dict(inputs), inputs)

    def delete(self, login: Login, identifier: str, state: Properties) -> None:
        """Remove it."""
        del login
        with deleting(identifier), KubernetesApi(state["kubeconfig"]) as api:
            api.delete(_path(identifier))


def _set(inputs: Properties, before: Iterable[str]) -> None:
    """Let the Secret have its keys, and none of `before` that is not one of them any more."""
    namespace, name, keys = inputs["namespace"], inputs["name"], inputs["keys"]
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque",
        "data": {key: _value() for key in keys},
    }
    with KubernetesApi(inputs["kubeconfig"]) as api:
        if api.create(f"/api/v1/namespaces/{namespace}/secrets", body):
            return
        path = _path(f"{namespace}/{name}")
        there = (api.get(path) or {}).get("data", {})
        changed: dict[str, str | None] = {key: _value() for key in keys if key not in there}
        changed |= dict.fromkeys(set(before) & set(there) - set(keys))
        if changed:
            api.merge(path, {"data": changed})


def _value() -> str:
    """Return a new value as a Secret's data has it: in base64, once more."""
    return base64.b64encode(base64.urlsafe_b64encode(secrets.token_bytes(_BYTES))).decode()


def _path(identifier: str) -> str:
    namespace, _, name = identifier.partition("/")
    return f"/api/v1/namespaces/{namespace}/secrets/{name}"
