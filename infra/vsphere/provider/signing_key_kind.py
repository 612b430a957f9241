"""A key pair that signs images, as a kind of resource: made of chance, once, and kept in the state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import signing_key
from infra.vsphere.provider.made_kind import MadeKind
from infra.vsphere.provider.password_kind import new_password

if TYPE_CHECKING:
    from infra.vsphere.provider.values import Properties


class SigningKey(MadeKind):
    """A key pair of cosign: `privateKey` is encrypted with `password`, both secret; `publicKey` is for everybody."""

    token = "slipway:index:SigningKey"  # noqa: S105 - a type
    defaults = {"version": ""}  # noqa: RUF012 - of the base class
    computed = ("privateKey", "password", "publicKey")
    renewed = computed
    secret = ("privateKey", "password")

    def made(self, inputs: Properties) -> Properties:
        """Return a new pair and the password of its private key."""
        del inputs
        password = new_password()
        pair = signing_key.make(password)
        return {"privateKey": pair.private_key, "password": password, "publicKey": pair.public_key}
