"""What the committed placement locks promise to the other environments of a vCenter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import NotPossibleHere
from infra.gpu.lock import lock_path, valid_lock
from infra.gpu.neighbours import Neighbour, neighbour_of

if TYPE_CHECKING:
    from infra.catalog import Catalog


def promised_to_others(catalog: Catalog, environment_name: str) -> tuple[list[Neighbour], list[str]]:
    """Return what other environments of the same vCenter are promised, and notes about those that can't be counted.

    An environment whose lock is missing or made for another request counts with what its machines hold, nothing more.
    """
    environment, _ = catalog.load(environment_name)
    found, notes = [], []
    for other, _ in catalog.neighbours(environment_name):
        if other.vcenter.server != environment.vcenter.server:
            continue
        try:
            lock = valid_lock(lock_path(catalog.root, other.name), other)
        except NotPossibleHere as reason:
            notes.append(f"not counted beside {environment_name}: {reason}")
            continue
        if lock is not None:
            found.append(neighbour_of(other, lock))
    return found, notes
