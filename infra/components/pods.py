"""Pods of our own Jobs: they may do nothing but their work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.render import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def shell(script: str) -> list[str]:
    """Return the command that runs a shell script of `templates/`, and ends with its first failure."""
    return ["/bin/sh", "-euc", (TEMPLATES / script).read_text(encoding="utf-8")]


def confined_pod(
    container: Mapping[str, Any],
    *,
    user: int,
    first: Sequence[Mapping[str, Any]] = (),
    volumes: Sequence[Mapping[str, Any]] = (),
    restart: str = "OnFailure",
    read_only: bool = True,
    **security: int | str,
) -> dict[str, Any]:
    """Return the pod of a container that runs as a user without rights, and without a token for the API.

    Containers in `first` run before it, one after the other. `read_only` is for the containers' root file systems;
    `security` are further entries of the pod's security context, as `fsGroup`.
    """
    own: dict[str, Any] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    if read_only:
        own["readOnlyRootFilesystem"] = True
    nobody = {"runAsNonRoot": True, "runAsUser": user, "seccompProfile": {"type": "RuntimeDefault"}}
    pod: dict[str, Any] = {
        "restartPolicy": restart,
        "automountServiceAccountToken": False,
        "securityContext": {**nobody, **security},
        "containers": [{**container, "securityContext": own}],
    }
    if first:
        pod["initContainers"] = [{**each, "securityContext": own} for each in first]
    return {**pod, "volumes": list(volumes)} if volumes else pod
