"""Rights of groups in the whole cluster; the groups come with people's tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.component import SYSTEM_NAMESPACE, Component, Manifest, manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.model.environment import Environment

NAME = "access"
_API = "rbac.authorization.k8s.io/v1"
_API_GROUP = "rbac.authorization.k8s.io"


def access(environment: Environment) -> Component:
    """Return the rights of groups in an environment's cluster."""
    return Component(NAME, SYSTEM_NAMESPACE, after=tuple(_objects(environment)))


def _objects(environment: Environment) -> Iterator[Manifest]:
    asked = environment.cluster.access
    for role, groups in (("cluster-admin", asked.administrators), ("view", asked.viewers)):
        if groups:
            yield binding(environment, f"slipway-{role}", role, groups)


def binding(environment: Environment, name: str, role: str, groups: Sequence[str], namespace: str = "") -> Manifest:
    """Return what gives groups a ClusterRole: in one namespace, or without one in the whole cluster."""
    oidc = environment.first_boot.api_server.oidc
    prefix = oidc.groups_prefix if oidc is not None else ""
    subjects = [{"kind": "Group", "name": f"{prefix}{group}", "apiGroup": _API_GROUP} for group in groups]
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    role_ref = {"kind": "ClusterRole", "name": role, "apiGroup": _API_GROUP}
    return manifest(kind, _API, name, namespace, roleRef=role_ref, subjects=subjects)
