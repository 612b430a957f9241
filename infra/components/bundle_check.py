"""Whether a bundle has what layers need of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import PersonError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.charts.bundle import Bundle
    from infra.components.component import Component
    from infra.model.release import Release


class ChartsMissing(PersonError):
    """Charts or manifests that a layer needs and that are not to be had as the release pins them."""

    def __init__(self, release: str, problems: Iterable[str]) -> None:
        fix = f"run where there is internet: ./slipway bundle {release}, and copy bundles/{release} here"
        super().__init__("\n".join(f"{problem}; {fix}" for problem in problems))


def check_bundle(bundle: Bundle, release: Release, components: Iterable[Component]) -> None:
    """Raise `ChartsMissing` with everything that components need of a bundle and that it does not have."""
    components = tuple(components)
    needed = {f"charts.{each.name}" for each in components if each.chart}
    needed |= {f"manifests.{each.name}" for each in components if each.manifests}
    needed.add(str(bundle.folder))
    problems = [problem for problem in bundle.check(release) if problem.partition(": ")[0] in needed]
    if problems:
        raise ChartsMissing(release.version, problems)
