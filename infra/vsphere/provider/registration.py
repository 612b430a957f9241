"""The program's side of the provider itself."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class VCenterLogin:
    """How the provider logs in to vCenter; the password is kept as a secret."""

    server: pulumi.Input[str]
    user: pulumi.Input[str]
    password: pulumi.Input[str]


class SlipwayProvider(pulumi.ProviderResource):
    """Slipway's own provider, logged in to one vCenter, or without one for what stands in a cluster."""

    def __init__(
        self, name: str, login: VCenterLogin | None = None, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        settings: dict[str, object] = {}
        if login is not None:
            settings = {**vars(login), "password": pulumi.Output.secret(login.password)}
        super().__init__("slipway", name, settings, opts)
