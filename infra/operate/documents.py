"""`slipway validate` and `slipway schema`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from infra.catalog import ROOT, Catalog
from infra.errors import DocumentsRefused, NotPossibleHere
from infra.model.environment import Environment
from infra.model.release import Release

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydantic import BaseModel

SCHEMAS: dict[str, type[BaseModel]] = {"environment": Environment, "release": Release}


def validate_all(names: Sequence[str], catalog: Catalog | None = None) -> Iterator[str]:
    """Check environments by name, or all; yield one line for each that is right.

    Raises `DocumentsRefused` with the refusals of all of them at once.
    """
    catalog = catalog or Catalog()
    refusals = []
    for name in names or catalog.environment_names():
        try:
            environment, release = catalog.load(name)
        except DocumentsRefused as refused:
            refusals += refused.refusals
            continue
        machines = environment.machines()
        nodes = sum(machine.count for machine in machines.values())
        yield f"{name}: valid: {nodes} nodes in {len(machines)} pools, release {release.version}"
    if refusals:
        raise DocumentsRefused(refusals)


def write_schemas(*, check_only: bool, folder: Path = ROOT / "stacks" / "schemas") -> Iterator[str]:
    """Write the JSON Schema of each document, or with `check_only` raise `NotPossibleHere` for the first stale one."""
    for name, text in schema_texts().items():
        path = folder / f"{name}.json"
        current = path.exists() and path.read_text(encoding="utf-8") == text
        if check_only and not current:
            raise NotPossibleHere(f"stacks/schemas/{name}.json", "differs from the models", "run: slipway schema")
        if not current:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        yield f"stacks/schemas/{name}.json: {'up to date' if current else 'written'}"


def schema_texts() -> dict[str, str]:
    """Return the JSON Schema of each document by its name, as it stands in its file."""
    return {
        name: json.dumps(model.model_json_schema(by_alias=True), indent=2, sort_keys=True) + "\n"
        for name, model in SCHEMAS.items()
    }
