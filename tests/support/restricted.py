"""What the Pod Security Standard `restricted` wants of a pod, as far as its security contexts say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def problems_of(pod: Mapping[str, Any], container: Mapping[str, Any]) -> list[str]:
    """Return what a restricted namespace would refuse, of the security contexts of a pod and of a container in it."""
    both = {**pod, **container}
    wrong = {
        "runAsNonRoot": both.get("runAsNonRoot") is not True,
        "runAsUser": both.get("runAsUser") == 0,
        "seccompProfile": both.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"),
        "allowPrivilegeEscalation": container.get("allowPrivilegeEscalation") is not False,
        "capabilities.drop": "ALL" not in container.get("capabilities", {}).get("drop", []),
        "capabilities.add": bool(set(container.get("capabilities", {}).get("add", [])) - {"NET_BIND_SERVICE"}),
        "privileged": bool(container.get("privileged")),
    }
    return [name for name, is_wrong in wrong.items() if is_wrong]
