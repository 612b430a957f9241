"""Says in JSON what this checkout has of environments: `python -m infra.review.snapshot ENV...`. Reads files."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import yaml

from infra.catalog import Catalog
from infra.errors import DocumentsRefused
from infra.gpu.lock import lock_path
from infra.review.revisions import Snapshot
from infra.review.texts import texts_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def own_snapshot(catalog: Catalog, environments: Sequence[str]) -> Snapshot:
    """Return what a catalogue's checkout has of environments; those that are refused or missing are among problems."""
    found = Snapshot()
    for name in environments:
        try:
            environment, release = catalog.load(name)
        except DocumentsRefused as refused:
            found.problems[name] = "; ".join(str(each) for each in refused.refusals)
            continue
        found.documents[name] = environment.model_dump(by_alias=True, mode="json", exclude_none=True)
        found.releases[release.version] = release.model_dump(by_alias=True, mode="json")
        found.texts[name] = texts_of(environment, release)
        lock = lock_path(catalog.root, name)
        if lock.exists():
            found.locks[name] = yaml.load(lock.read_bytes(), Loader=yaml.CSafeLoader)
    return found


if __name__ == "__main__":
    print(json.dumps(asdict(own_snapshot(Catalog(), sys.argv[1:]))))
