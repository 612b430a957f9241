"""What a layer in the cluster makes of an environment's document, as far as all such layers have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.components.sources import settings_among, sources_of

if TYPE_CHECKING:
    from infra.components.component import Component


@dataclass(frozen=True)
class LayerPlan:
    """The components of a layer, in an order in which each stands after those it needs.

    `handed` are the sources whose values the layers above get.
    """

    components: tuple[Component, ...]
    handed: tuple[str, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Everything secret that the layer is made of, sorted."""
        return tuple(sorted({*sources_of(self.components), *self.handed}))

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings that the stack has to have, sorted."""
        return settings_among(self.sources)
