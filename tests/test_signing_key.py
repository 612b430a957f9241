"""The form of a signing key: what cosign's library writes, field by field, and that it opens again."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from nacl.exceptions import CryptoError

from infra.signing_key import make, open_private_key

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "a password of chance, ä"  # noqa: S105 - of this test
PAIR = make(PASSWORD)
# Written by `encrypted.Encrypt` of github.com/secure-systems-lab/go-securesystemslib v0.11.1, with the password "lab".
FOREIGN = """\
-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----
eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6
OCwicCI6MX0sInNhbHQiOiI2K2t1cjduNytKQm9TUlp0M00reE5QUTJmVm9Ddmwy
dHpRYndkbEtob1N3PSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94
Iiwibm9uY2UiOiJaSytUcENZL1BnTVJ0S1RMdjltdmxIU29OUEFVelVvMyJ9LCJj
aXBoZXJ0ZXh0IjoiNkVMTXh6K2JkQ0I4QWU1RWFHZy9wb1Myd0dRT29vYmNGSng4
VEhWRHVBdktQa3N6dEYwMktyVkViSHNET2FUb2d5RWNQQmxPSDZOb3o2SEpXS2ZE
d00wU3ovTjMrK3BxWWc0a1gvQWJ4eVpSSzFyZCtGYU9EVy9kTmc2aEU5aGR2Lzdj
bktINEFrZFNDWUNuZzl2emJ0MHR2T0Jzbm92bU5UOWdXcGZFZ09od0NQcm5Na1Rz
MEFQdEk5cHJScmY1V2FYSU9weWQ4bFdVVVE9PSJ9
-----END ENCRYPTED SIGSTORE PRIVATE KEY-----
"""
FOREIGN_PUBLIC = """\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4SOALmrLPZWz0+EvxXsFzGtIuJAH
t7cA2XIqtwrxybC29svoP5uDUgFv7B1M8I4uuQB/H5HNsHnDwAbbMR06Og==
-----END PUBLIC KEY-----
"""


def document(pem: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.b64decode("".join(pem.splitlines()[1:-1])))
    return found


def public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def test_the_private_key_is_pem_as_cosign_writes_it() -> None:
    first, *lines, last = PAIR.private_key.removesuffix("\n").split("\n")
    assert first == "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----"
    assert last == "-----END ENCRYPTED SIGSTORE PRIVATE KEY-----"
    assert {len(line) for line in lines[:-1]} == {64}
    assert 0 < len(lines[-1]) <= 64


def test_the_document_in_it_has_the_library_s_fields_and_parameters() -> None:
    found = document(PAIR.private_key)
    salt, nonce = found["kdf"].pop("salt"), found["cipher"].pop("nonce")
    assert (len(base64.b64decode(salt)), len(base64.b64decode(nonce))) == (32, 24)
    assert base64.b64decode(found.pop("ciphertext"))
    assert found == {
        "kdf": {"name": "scrypt", "params": {"N": 65536, "r": 8, "p": 1}},
        "cipher": {"name": "nacl/secretbox"},
    }


def test_both_keys_belong_together_and_are_on_the_curve_that_cosign_takes(tmp_path: Path) -> None:
    private = open_private_key(PAIR.private_key, PASSWORD)
    assert private.curve.name == "secp256r1"
    assert public_pem(private) == PAIR.public_key
    (tmp_path / "public.pem").write_text(PAIR.public_key, encoding="ascii")
    (tmp_path / "signature").write_bytes(private.sign(b"an image", ec.ECDSA(hashes.SHA256())))
    command = ["openssl", "dgst", "-sha256", "-verify", "public.pem", "-signature", "signature"]
    done = subprocess.run(command, cwd=tmp_path, input=b"an image", capture_output=True, check=True)
    assert done.stdout == b"Verified OK\n"


def test_a_key_that_the_library_wrote_opens() -> None:
    assert public_pem(open_private_key(FOREIGN, "lab")) == FOREIGN_PUBLIC


def test_another_password_opens_nothing() -> None:
    with pytest.raises(CryptoError):
        open_private_key(PAIR.private_key, "another")


def test_every_pair_is_another_and_the_same_password_shows_nowhere() -> None:
    other = make(PASSWORD)
    assert other.public_key != PAIR.public_key
    assert document(other.private_key)["kdf"]["salt"] != document(PAIR.private_key)["kdf"]["salt"]
    assert document(other.private_key)["cipher"]["nonce"] != document(PAIR.private_key)["cipher"]["nonce"]
    assert not re.search("PRIVATE", repr(PAIR))
