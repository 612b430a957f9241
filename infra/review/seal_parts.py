"""What seals are made of: hashes of documents, states and hand-overs. Pure.

No secret is in them, and nothing that one can be guessed from: a secret counts only as being there. The engine encrypts
every secret anew with each run, so its ciphertext says nothing either. A secret that is another one shows where it is
used: the plan of that layer then has a property whose secret changed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOSED = ConfigDict(extra="forbid", strict=True)  # how sealed data is read back
_SECRET_MARK = "4dabf18193072939515e22adb298388d"  # noqa: S105 - sdk/go/common/resource, SigKey: begins a secret in JSON
_ABOUT_RUNS = (
    "manifest",
    "secrets_providers",
)  # of a deployment: when and by what it was written, how secrets are kept
_ABOUT_STEPS = (
    "created",
    "modified",
    "sourcePosition",
    "stackTrace",
)  # of a resource: when and where it was registered
_STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Below:
    """The layer below at the time of the plan: its stack, and hashes of what it hands over and of its state."""

    __pydantic_config__ = CLOSED

    stack: str
    handover: str
    state: str


def hash_of(value: Any) -> str:  # noqa: ANN401 - any plain data
    """Return the SHA-256 of plain data, written as JSON in one way only: keys sorted, no spaces, ASCII."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return document_hash(text.encode())


def document_hash(content: bytes) -> str:
    """Return the SHA-256 of a document as it stands in its file."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def state_hash(exported: Mapping[str, Any] | None) -> str:
    """Return the hash of a stack's state as `pulumi stack export` gives it; None for a stack that isn't there.

    When it was written, and by which lines of the program, is no part of it, and the order of resources is none. No
    stack at all and one without resources are the same: nothing is there.
    """
    deployment = {
        key: _without_secrets(value)
        for key, value in ((exported or {}).get("deployment") or {}).items()
        if key not in _ABOUT_RUNS
    }
    resources = [
        hash_of({key: value for key, value in each.items() if key not in _ABOUT_STEPS})
        for each in deployment.pop("resources", None) or []
    ]
    if not resources and not deployment.get("pending_operations"):
        return hash_of([])
    return hash_of({**deployment, "resources": sorted(resources)})


def handover_hash(exported: Mapping[str, Any] | None) -> str:
    """Return the hash of what a stack hands over, from its exported state: of secrets only that they are there."""
    resources = ((exported or {}).get("deployment") or {}).get("resources") or []
    outputs = next((each.get("outputs") for each in resources if each.get("type") == _STACK), None)
    return hash_of(_without_secrets(outputs or {}))


def below(stack: str, exported: Mapping[str, Any] | None) -> Below:
    """Return what a seal says of the layer below, from its exported state."""
    return Below(stack, handover_hash(exported), state_hash(exported))


def _without_secrets(value: Any) -> Any:  # noqa: ANN401 - any plain data
    if isinstance(value, dict):
        if _SECRET_MARK in value:
            return {_SECRET_MARK: value[_SECRET_MARK]}
        return {key: _without_secrets(each) for key, each in value.items()}
    return [_without_secrets(each) for each in value] if isinstance(value, list) else value
