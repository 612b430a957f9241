"""`slipway validate` and `slipway schema`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.catalog import ROOT, Catalog
from infra.counting import counted
from infra.errors import DocumentsRefused, NotPossibleHere
from infra.frozen import check_frozen
from infra.model.change_records import ChangeRecordSettings
from infra.model.environment import Environment
from infra.model.exceptions import Exceptions
from infra.model.promotion import Promotion
from infra.model.release import Release
from infra.operate.promotion_order import promotion_order
from infra.picture import whole_picture
from infra.reference import reference_page
from infra.review.rules.page import rules_page
from infra.review.settings import review_documents
from infra.rotations import check_rotations
from infra.wiring_page import wiring_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from pydantic import BaseModel

SCHEMAS: dict[str, type[BaseModel]] = {
    "environment": Environment,
    "release": Release,
    "promotion": Promotion,
    "exceptions": Exceptions,
    "change-records": ChangeRecordSettings,
}


def validate_all(names: Sequence[str], catalog: Catalog | None = None, today: date | None = None) -> Iterator[str]:
    """Check environments by name, or all, and what reviews go by; yield a line for each that is right or a warning.

    `today` is the day by UTC, if nobody says another: exceptions end. Raises `DocumentsRefused` with the refusals of
    all of them at once.
    """
    catalog = catalog or Catalog()
    refusals = []
    notes: list[str] = []
    releases = set()
    for name in names or catalog.environment_names():
        try:
            environment, release = catalog.load(name)
            check_rotations(catalog, environment, release)
        except DocumentsRefused as refused:
            refusals += refused.refusals
            notes += refused.notes
            continue
        releases.add(release.version)
        machines = environment.machines()
        nodes = sum(machine.count for machine in machines.values())
        sizes = f"{counted(nodes, 'node')} in {counted(len(machines), 'pool')}"
        yield f"{name}: valid: {sizes}, release {release.version}"
        yield from (f"  warning: {warning}" for warning in catalog.warnings(name))
    for version in sorted(releases):
        yield from (f"warning: {warning}" for warning in catalog.release_warnings(version))
        try:
            check_frozen(catalog.root, version)
        except DocumentsRefused as refused:
            refusals += refused.refusals
    if not names:
        try:
            promotion_order(catalog)
        except DocumentsRefused as refused:
            refusals += refused.refusals
    said, wrong = review_documents(catalog, today or datetime.now(UTC).date())
    yield from said
    refusals += wrong
    if refusals:
        raise DocumentsRefused(refusals, notes)


def write_generated(*, check_only: bool, root: Path = ROOT) -> Iterator[str]:
    """Write what is made from models and tables: JSON Schemas for editors, pages and the picture for people.

    With `check_only` raise `NotPossibleHere` for the first that is stale instead.
    """
    for name, text in generated_texts().items():
        path = root / name
        current = path.exists() and path.read_text(encoding="utf-8") == text
        if check_only and not current:
            raise NotPossibleHere(name, "differs from the models", "run: ./slipway schema")
        if not current:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        yield f"{name}: {'up to date' if current else 'written'}"


def generated_texts() -> dict[str, str]:
    """Return the files that are made from the models, each text by its path in the repository."""
    schemas = {
        f"stacks/schemas/{name}.json": json.dumps(model.model_json_schema(by_alias=True), indent=2, sort_keys=True)
        + "\n"
        for name, model in SCHEMAS.items()
    }
    pages = {
        "docs/reference.md": reference_page(),
        "docs/rules.md": rules_page(),
        "docs/wiring.md": wiring_page(),
        "docs/whole.svg": whole_picture(),
    }
    return {**schemas, **pages}
