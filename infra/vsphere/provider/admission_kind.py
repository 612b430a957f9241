"""An object that the API would take, as a kind of resource: a component's webhooks work, so what they judge can come.

A webhook refuses everything from when its configuration is there until its pods run and its authority is put in.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from infra.kubernetes_api import ApiRefused, ApiUnreachable, KubernetesApi
from infra.vsphere.provider.kinds import Found, Login
from infra.vsphere.provider.kubernetes_kind import WaitingKind

if TYPE_CHECKING:
    from infra.vsphere.provider.values import Properties

PATIENCE = 300.0  # seconds
_PAUSE = 1.0


class Admission(WaitingKind):
    """The admission of one object, tried without making it.

    `kubeconfig` is the administrator's (secret), `path` that of the objects of its kind, `manifest` the object as JSON,
    `version` that of the component which judges it: a new one is tried again.
    """

    token = "slipway:index:Admission"  # noqa: S105 - a type
    inputs = ("kubeconfig", "path", "manifest", "version")
    replacing = ("path",)

    def create(self, login: Login, inputs: Properties, owner: str) -> Found:
        """Wait until it would be taken. Raises what the API last said: `ApiRefused`, `ApiUnreachable`."""
        del login, owner
        deadline = time.monotonic() + PATIENCE
        with KubernetesApi(inputs["kubeconfig"]) as api:
            while True:
                try:
                    api.create(f"{inputs['path']}?dryRun=All", json.loads(inputs["manifest"]))
                except (ApiRefused, ApiUnreachable):
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(_PAUSE)
                else:
                    return Found(inputs["path"], dict(inputs), inputs)
