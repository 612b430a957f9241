"""Hashes of passwords, for tools whose configuration takes a hash alone."""

from __future__ import annotations

import base64
import hashlib

import bcrypt

_ROUNDS = 10  # what the tools themselves take; passwords that are made are longer than anybody could guess
_SALT_BYTES = 16
_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BCRYPT = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"  # the same, in bcrypt's order


def bcrypt_hash(password: str) -> str:
    """Return the bcrypt hash of a password that was made of chance; the same one each time.

    A salt of chance would give a new hash, and a change, with every preview. So the salt is derived from the password.
    What salts are for, that equal passwords of several people look different, does not matter for passwords that are
    made of chance: no two are equal. Don't hash what people choose with it.
    """
    digest = hashlib.sha256(b"bcrypt salt of " + password.encode()).digest()[:_SALT_BYTES]
    salt = base64.b64encode(digest).rstrip(b"=").translate(bytes.maketrans(_STANDARD, _BCRYPT))
    return bcrypt.hashpw(password.encode(), b"$2b$%d$%s" % (_ROUNDS, salt)).decode()
