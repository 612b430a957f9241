"""Hashes of passwords: the same each time, and such that the password is recognised."""

from __future__ import annotations

import bcrypt

from infra.components.password_hash import bcrypt_hash

PASSWORD = "k3J9" * 8


def test_a_password_has_the_same_hash_each_time_and_is_recognised_by_it() -> None:
    found = bcrypt_hash(PASSWORD)
    assert found == bcrypt_hash(PASSWORD)
    assert bcrypt.checkpw(PASSWORD.encode(), found.encode())
    assert not bcrypt.checkpw(PASSWORD.upper().encode(), found.encode())


def test_two_passwords_have_different_salts() -> None:
    salts = {bcrypt_hash(PASSWORD + each)[:29] for each in ("", "a", "b")}
    assert len(salts) == 3
