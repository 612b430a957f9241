"""The bootstrap token that machines join with, as a kind of resource: a Secret of the cluster that is renewed in time.

Its form is Kubernetes' own ("Authenticating with Bootstrap Tokens").
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from infra.kubernetes_api import KubernetesApi
from infra.vsphere.provider.kinds import Change, Found, Login
from infra.vsphere.provider.kubernetes_kind import KubernetesKind, deleting

if TYPE_CHECKING:
    from infra.vsphere.provider.values import Properties

LIFETIME = timedelta(days=90)
RENEWED_BEFORE = timedelta(days=30)  # so that it is good for this long after every `up`
_SECRETS = "/api/v1/namespaces/kube-system/secrets"
_NODES = "system:bootstrappers:kubeadm:default-node-token"  # whom kubeadm lets join


class BootstrapToken(KubernetesKind):
    """The Secret of a bootstrap token. `kubeconfig` is the administrator's, `token` as `<6>.<16>` letters; both secret.

    Output: `expires` (ISO 8601). It is renewed by an update; no node is touched for it.
    """

    token = "slipway:index:BootstrapToken"  # noqa: S105 - a type
    inputs = ("kubeconfig", "token")
    replacing = ("token",)
    computed = ("expires",)
    renewed = ("expires",)
    secret = ("kubeconfig", "token")

    def changes(self, state: Properties, inputs: Properties) -> list[Change]:
        """Return what differs; the end does when it is near."""
        found = super().changes(state, inputs)
        if datetime.fromisoformat(state["expires"]) - datetime.now(UTC) < RENEWED_BEFORE:
            found.append(Change("expires", "update"))
        return found

    def create(self, login: Login, inputs: Properties, owner: str) -> Found:
        """Write the Secret, also over the one that kubeadm made. Raises `ApiUnreachable`, `ApiRefused`."""
        del login, owner
        expires = (datetime.now(UTC) + LIFETIME).replace(microsecond=0)
        name = _name(inputs)
        with KubernetesApi(inputs["kubeconfig"]) as api:
            api.apply(f"{_SECRETS}/{name}", _secret(name, inputs["token"], expires))
        return Found(name, {**inputs, "expires": expires.isoformat()}, inputs)

    def read(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found | None:
        """Return it, or None when it has gone from the cluster."""
        del login
        if not state:
            return None
        with KubernetesApi(state["kubeconfig"]) as api:
            return Found(identifier, state, inputs) if api.get(f"{_SECRETS}/{identifier}") else None

    def update(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Write it again, with a new end."""
        del state
        return Found(identifier, self.create(login, inputs, "").properties, inputs)

    def delete(self, login: Login, identifier: str, state: Properties) -> None:
        """Remove the Secret: nobody joins any more."""
        del login
        with deleting(identifier), KubernetesApi(state["kubeconfig"]) as api:
            api.delete(f"{_SECRETS}/{identifier}")


def _name(inputs: Properties) -> str:
    return f"bootstrap-token-{inputs['token'].partition('.')[0]}"


def _secret(name: str, token: str, expires: datetime) -> dict[str, Any]:
    identifier, _, secret = token.partition(".")
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "kube-system"},
        "type": "bootstrap.kubernetes.io/token",
        "stringData": {
            "token-id": identifier,
            "token-secret": secret,
            "expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "usage-bootstrap-authentication": "true",
            "usage-bootstrap-signing": "true",
            "auth-extra-groups": _NODES,
        },
    }
