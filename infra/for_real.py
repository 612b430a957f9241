"""What sets a run against a real vCenter apart from a rehearsal: a frozen release, a passphrase, which environments."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from infra.errors import DocumentsRefused, NotPossibleHere, Refusal
from infra.frozen import check_frozen

if TYPE_CHECKING:
    from pathlib import Path

    from infra.model.release import Release

REHEARSAL_VARIABLE = "SLIPWAY_REHEARSAL"  # set inside a rehearsal alone


def in_rehearsal() -> bool:
    """Whether this process runs inside a rehearsal."""
    return bool(os.environ.get(REHEARSAL_VARIABLE))


def check_release(root: Path, release: Release) -> None:
    """Raise `DocumentsRefused` for a release with anything without a digest, or changed since it was frozen.

    `root` is the checkout. A rehearsal takes every release.
    """
    if in_rehearsal():
        return
    check_frozen(root, release.version)
    missing = release.unpinned()
    if not missing:
        return
    reason = f"these have no digest ({', '.join(missing)}), and a real vCenter takes what is pinned only"
    fix = f"where there is internet, run: ./slipway release pin {release.version}"
    raise DocumentsRefused([Refusal(f"stacks/releases/{release.version}.yaml", 0, "", "", reason, fix)])


def check_passphrase(subject: str) -> None:
    """Raise `NotPossibleHere` for an empty passphrase, which protects nothing, unless this is a rehearsal.

    The engine takes the variable whenever it is set, also beside a file that holds a passphrase.
    """
    if not in_rehearsal() and os.environ.get("PULUMI_CONFIG_PASSPHRASE") == "":
        fix = "unset PULUMI_CONFIG_PASSPHRASE, or give it the passphrase"
        raise NotPossibleHere(subject, "an empty passphrase is for rehearsals only", fix)


def check_in_this_rehearsal(environment: str) -> None:
    """Raise `NotPossibleHere` inside a rehearsal of other environments: it has no stacks of this one."""
    there = os.environ.get(REHEARSAL_VARIABLE, "").split("+")
    if in_rehearsal() and environment not in there:
        names = " ".join([*there, environment])
        fix = f"leave it, and start one that has it: ./slipway rehearse {names} --keep"
        raise NotPossibleHere(environment, f"is not in this rehearsal ({', '.join(there)})", fix)
