"""The program's side of `slipway:index:ClusterIdentity`."""

from __future__ import annotations

from dataclasses import fields

import pulumi

from infra.identity import Identity, property_name

_SECRETS = (*(field.name for field in fields(Identity)), "admin_kubeconfig")
_PLAIN = ("ca_hash", "ca_expires", "admin_expires")


class ClusterIdentity(pulumi.CustomResource):
    """Authorities and keys of a Kubernetes cluster, made once and kept as secrets in the state.

    Outputs: every field of `infra.identity.Identity`, `admin_kubeconfig` (secret, JSON), `ca_hash` (how kubeadm names
    the authority), `ca_expires` and `admin_expires` (ISO 8601).
    """

    admin_kubeconfig: pulumi.Output[str]
    ca_hash: pulumi.Output[str]
    ca_expires: pulumi.Output[str]
    admin_expires: pulumi.Output[str]

    def __init__(self, name: str, cluster: str, address: str, opts: pulumi.ResourceOptions | None = None) -> None:
        outputs = dict.fromkeys((*_SECRETS, *_PLAIN))
        secret = pulumi.ResourceOptions(additional_secret_outputs=[property_name(each) for each in _SECRETS])
        inputs = {"cluster": cluster, "address": address, **outputs}
        super().__init__("slipway:index:ClusterIdentity", name, inputs, pulumi.ResourceOptions.merge(opts, secret))

    @property
    def identity(self) -> pulumi.Output[Identity]:
        """Everything that nodes are booted with; secret."""
        values = {field.name: getattr(self, field.name) for field in fields(Identity)}
        return pulumi.Output.all(**values).apply(Identity.from_plain)

    def translate_input_property(self, prop: str) -> str:
        """Return the provider's name of an argument or output."""
        return property_name(prop)

    def translate_output_property(self, prop: str) -> str:
        """Return Python's name of an argument or output."""
        return _SNAKE.get(prop, prop)


_SNAKE = {property_name(name): name for name in (*_SECRETS, *_PLAIN)}
