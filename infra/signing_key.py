"""A key pair that cosign signs with, in the form in which cosign writes it.

The private key is PKCS #8 in a box of NaCl (secretbox) whose key scrypt derives from a password: JSON, in PEM. The form
is that of `encrypted` in secure-systems-lab/go-securesystemslib, which cosign reads it with.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from nacl.secret import SecretBox

_TITLE = "ENCRYPTED SIGSTORE PRIVATE KEY"
_SCRYPT = {"N": 65536, "r": 8, "p": 1}  # the library's standard; it refuses what is not one of its three sets
_SALT_BYTES = 32
_PEM_COLUMNS = 64


@dataclass(frozen=True)
class SigningPair:
    """Both keys as PEM: the private one encrypted, the public one as SubjectPublicKeyInfo."""

    private_key: str = field(repr=False)
    public_key: str


def make(password: str) -> SigningPair:
    """Return a new pair (ECDSA, P-256), its private key encrypted with a password."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return SigningPair(_pem(_encrypted(private, password)), public.decode())


def open_private_key(pem: str, password: str) -> ec.EllipticCurvePrivateKey:
    """Return the private key of a PEM. Raises `nacl.exceptions.CryptoError` when the password is another."""
    document = json.loads(base64.b64decode("".join(pem.splitlines()[1:-1])))
    kdf = document["kdf"]
    box = _box(password, base64.b64decode(kdf["salt"]), kdf["params"])
    private = box.decrypt(base64.b64decode(document["ciphertext"]), base64.b64decode(document["cipher"]["nonce"]))
    key = serialization.load_der_private_key(private, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"a key on a curve was expected, not {type(key).__name__}")
    return key


def _encrypted(private: bytes, password: str) -> str:
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(SecretBox.NONCE_SIZE)
    ciphertext = _box(password, salt, _SCRYPT).encrypt(private, nonce).ciphertext
    document = {
        "kdf": {"name": "scrypt", "params": _SCRYPT, "salt": _encoded(salt)},
        "cipher": {"name": "nacl/secretbox", "nonce": _encoded(nonce)},
        "ciphertext": _encoded(ciphertext),
    }
    return json.dumps(document, separators=(",", ":"))


def _box(password: str, salt: bytes, params: dict[str, Any]) -> SecretBox:
    kdf = Scrypt(salt=salt, length=SecretBox.KEY_SIZE, n=params["N"], r=params["r"], p=params["p"])
    return SecretBox(kdf.derive(password.encode()))


def _pem(content: str) -> str:
    lines = wrap(_encoded(content.encode()), _PEM_COLUMNS)
    return "\n".join([f"-----BEGIN {_TITLE}-----", *lines, f"-----END {_TITLE}-----", ""])


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()
