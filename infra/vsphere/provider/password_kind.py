"""A password as a kind of resource: made of chance, once, and kept in the state."""

from __future__ import annotations

import secrets
import string
from typing import TYPE_CHECKING, Any

from infra.vsphere.provider.made_kind import MadeKind

if TYPE_CHECKING:
    from infra.vsphere.provider.values import Properties

LETTERS, HEXADECIMAL = "letters", "hexadecimal"
LENGTH = 32
SHORTEST, LONGEST = 16, 256  # in characters; a shorter one could be guessed
_LETTER_GROUPS = (string.ascii_uppercase, string.ascii_lowercase, string.digits)
_GROUPS = {LETTERS: _LETTER_GROUPS, HEXADECIMAL: (string.digits + "abcdef",)}


class Password(MadeKind):
    """A password of `length` characters of an `alphabet`: "letters" or "hexadecimal". Output: `value` (secret).

    One of letters has a capital, a small letter and a digit at least, as Harbor asks for.
    """

    token = "slipway:index:Password"  # noqa: S105 - a type
    defaults = {"length": LENGTH, "alphabet": LETTERS, "version": ""}  # noqa: RUF012 - of the base class
    computed = ("value",)
    renewed = ("value",)
    secret = ("value",)

    def wrong(self, inputs: Properties) -> dict[str, str]:
        """Return what is wrong with length and alphabet."""
        found = {}
        if not _is_length(inputs.get("length", LENGTH)):
            found["length"] = f"is not a whole number from {SHORTEST} to {LONGEST}"
        if inputs.get("alphabet", LETTERS) not in tuple(_GROUPS):
            found["alphabet"] = f"is not one of {', '.join(_GROUPS)}"
        return found

    def made(self, inputs: Properties) -> Properties:
        """Return a new value."""
        return {"value": new_password(inputs["length"], inputs["alphabet"])}


def new_password(length: int = LENGTH, alphabet: str = LETTERS) -> str:
    """Return a password with a character of each group of its alphabet; all such passwords are equally likely."""
    groups = _GROUPS[alphabet]
    while True:
        found = "".join(secrets.choice("".join(groups)) for _ in range(length))
        if all(set(found) & set(group) for group in groups):
            return found


def _is_length(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and SHORTEST <= value <= LONGEST
