"""The program's side of what is made of chance, once, and kept in the state: no vCenter and no cluster is asked."""

from __future__ import annotations

from typing import Literal

import pulumi

from infra.identity import property_name


class Password(pulumi.CustomResource):
    """A password. Output: `value` (secret), which stays until an argument changes: another `version` rotates it."""

    value: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        opts: pulumi.ResourceOptions | None = None,
        length: int = 32,
        alphabet: Literal["letters", "hexadecimal"] = "letters",
        version: str | int = "",
    ) -> None:
        inputs = {"length": length, "alphabet": alphabet, "version": version, "value": None}
        secret = pulumi.ResourceOptions(additional_secret_outputs=["value"])
        super().__init__("slipway:index:Password", name, inputs, pulumi.ResourceOptions.merge(opts, secret))


class SigningKey(pulumi.CustomResource):
    """A key pair of cosign, kept until its `version` changes.

    Outputs: `private_key` (secret, PEM, encrypted), `password` (secret) that opens it, `public_key` (PEM).
    """

    private_key: pulumi.Output[str]
    password: pulumi.Output[str]
    public_key: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, version: str | int = "") -> None:
        inputs = {"version": version, "private_key": None, "password": None, "public_key": None}
        secret = pulumi.ResourceOptions(additional_secret_outputs=["privateKey", "password"])
        super().__init__("slipway:index:SigningKey", name, inputs, pulumi.ResourceOptions.merge(opts, secret))

    def translate_input_property(self, prop: str) -> str:
        """Return the provider's name of an argument or output."""
        return property_name(prop)

    def translate_output_property(self, prop: str) -> str:
        """Return Python's name of an argument or output."""
        return _SNAKE.get(prop, prop)


_SNAKE = {property_name(name): name for name in ("private_key", "public_key")}
