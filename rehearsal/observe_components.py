"""What stood for the components of a rehearsal's cluster: their own charts, or contracts, checked against what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.catalog import Catalog
from infra.charts.record import Record, components_of
from infra.layer_plans import all_components
from rehearsal.contract.reference import real_definition

if TYPE_CHECKING:
    from rehearsal.layout import Layout


@dataclass(frozen=True)
class ObservedComponent:
    """One component.

    `origin` is `real` or `contract`, `real_kinds` how many of all the kinds that it brings had their real definition.
    """

    name: str
    version: str
    origin: str
    real_kinds: int
    all_kinds: int


def observed_components(layout: Layout) -> list[ObservedComponent]:
    """Return the components that a rehearsal's environments have, sorted by name."""
    catalog = Catalog(layout.root)
    loaded = [catalog.load(name) for name in layout.environments]
    wanted = {each.name for pair in loaded for each in all_components(*pair)}
    kind = "contract" if Record.read(layout.bundle) else "real"
    found = []
    for name, component in components_of(loaded[0][1]):
        short = name.partition(".")[2]
        if short in wanted:
            kinds = component.provides.definitions
            real = [each for each in kinds if kind == "real" or real_definition(each.name)]
            found.append(ObservedComponent(short, component.version, kind, len(real), len(kinds)))
    return sorted(found, key=lambda each: each.name)
