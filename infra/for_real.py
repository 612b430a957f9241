"""What is demanded of a run against a real vCenter and not of a rehearsal: pinned images, a passphrase."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from infra.errors import DocumentsRefused, NotPossibleHere, Refusal

if TYPE_CHECKING:
    from infra.model.release import Release

REHEARSAL_VARIABLE = "SLIPWAY_REHEARSAL"  # set inside a rehearsal alone


def in_rehearsal() -> bool:
    """Whether this process runs inside a rehearsal."""
    return bool(os.environ.get(REHEARSAL_VARIABLE))


def check_pinned(release: Release) -> None:
    """Raise `DocumentsRefused` for a release that has images without a digest, unless this is a rehearsal."""
    missing = release.unpinned()
    if not missing or in_rehearsal():
        return
    reason = f"have no digest ({', '.join(missing)}), and a real vCenter takes pinned images only"
    fix = f"where there is internet, run: ./slipway release pin {release.version}"
    raise DocumentsRefused([Refusal(f"stacks/releases/{release.version}.yaml", 0, "images", "", reason, fix)])


def check_passphrase_is_not_empty(stack: str) -> None:
    """Raise `NotPossibleHere` for an empty passphrase, which protects nothing, unless this is a rehearsal."""
    named = os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not in_rehearsal() and not named and os.environ.get("PULUMI_CONFIG_PASSPHRASE") == "":
        fix = "set PULUMI_CONFIG_PASSPHRASE, or name a file that holds it in PULUMI_CONFIG_PASSPHRASE_FILE"
        raise NotPossibleHere(stack, "an empty passphrase is for rehearsals only", fix)
