"""What stood for the components of a rehearsal's cluster: their own charts, or contracts, checked against what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.catalog import Catalog
from infra.charts.record import Record, components_of
from infra.layer_plans import layer_plans
from rehearsal.contract.reference import real_definition

if TYPE_CHECKING:
    from rehearsal.layout import Layout


@dataclass(frozen=True)
class ObservedComponent:
    """One component.

    `origin` is `real` or `contract`, `real_kinds` how many of all the kinds that it brings had their real definition.
    """

    layer: str
    name: str
    namespace: str
    version: str
    origin: str
    real_kinds: int
    all_kinds: int


def observed_components(layout: Layout) -> list[ObservedComponent]:
    """Return the components that a rehearsal's environments have, bottom to top."""
    catalog = Catalog(layout.root)
    loaded = [catalog.load(name) for name in layout.environments]
    found: dict[str, ObservedComponent] = {}
    for environment, release in loaded:
        kind = "contract" if Record.read(layout.bundles / release.version) else "real"
        pinned = {name.partition(".")[2]: component for name, component in components_of(release)}
        for layer, plan in layer_plans(environment, release).items():
            for each in plan.components:
                if each.chart or each.manifests:
                    kinds = pinned[each.name].provides.definitions
                    real = [one for one in kinds if kind == "real" or real_definition(one.name)]
                    version = pinned[each.name].version
                    observed = ObservedComponent(layer, each.name, each.namespace, version, kind, len(real), len(kinds))
                    found.setdefault(each.name, observed)
    return list(found.values())
