"""Who asks for what a release pins: everything pinned is asked for, everything asked for is pinned. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.compute.plan import plan_compute
from infra.layer_plans import all_components
from infra.model.release import Image
from infra.model.tools import all_tools, tools_of
from infra.review.compatibility import ReleaseFinding, pins_of
from infra.review.facts import known_facts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from infra.model.environment import Environment
    from infra.model.release import Release

Asked = dict[str, list[str]]  # environments that ask for something, by its path, as `charts.harbor`


class _Noting(dict[str, Image]):
    """Images that note which are asked for; one that is not pinned is stood in for, so that planning goes on."""

    def __init__(self, images: Mapping[str, Image]) -> None:
        super().__init__(images)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Image:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as the method of all mappings
        self.asked.add(name)
        return super().get(name, default)

    def __missing__(self, name: str) -> Image:
        words = {"image": f"missing.invalid/{name}", "tag": "missing", "source": "nobody", "inTemplate": False}
        return Image.model_validate({**words, "digest": None})


def asked_of(release: Release, environments: Sequence[Environment]) -> Asked:
    """Return what the plans of environments ask of a release: charts, manifests and images, with who asks."""
    found: Asked = {}
    for environment in environments:
        for path in sorted(_paths(release, environment)):
            found.setdefault(path, []).append(environment.name)
    return found


def usage_findings(release: Release, own: Sequence[Environment], others: Sequence[Environment]) -> list[ReleaseFinding]:
    """Return what a release pins that nobody asks for, and what is asked for and not pinned.

    `own` are the environments that run it: what they ask for has to be there. What only `others` ask for, or could be
    chosen in a document, is a warning: a release may do without.
    """
    wanted, maybe = asked_of(release, own), asked_of(release, others)
    choices = {f"charts.{name}": tool.section for name, tool in all_tools().items() if tool.chart}
    control_plane = {f"images.{name}" for name in known_facts().control_plane_images()}
    pinned = _pinned(release)
    known = wanted.keys() | maybe.keys() | choices.keys() | control_plane
    unused = {path: version for path, version in pinned.items() if path not in known}
    return [
        *_unused_images([path for path in unused if path.startswith("images.")], (*own, *others)),
        *(_unused(path, version) for path, version in unused.items() if not path.startswith("images.")),
        *(_missing(path, names) for path, names in wanted.items() if path not in pinned),
        *_lacking(pinned.keys() | wanted.keys(), maybe, choices),
    ]


def _pinned(release: Release) -> dict[str, str]:
    sections = ("images.", "charts.", "manifests.")
    return {path: version for path, version in pins_of(release).items() if path.startswith(sections)}


def _unused(path: str, version: str) -> ReleaseFinding:
    reason = "is pinned, and no environment here asks for it, nor is it a tool that one could choose"
    return ReleaseFinding("warning", path, version, reason, "remove it from the release")


def _unused_images(paths: Sequence[str], environments: Sequence[Environment]) -> Iterator[ReleaseFinding]:
    """Yield one finding for all images that nobody asks for: which tool an image is for is known by plans alone."""
    if not paths:
        return
    chosen = {name for environment in environments for name in tools_of(environment)}
    absent = [tool.title for name, tool in all_tools().items() if name not in chosen]
    names = ", ".join(path.removeprefix("images.") for path in paths)
    reason = f"no environment here asks for {names}"
    reason += f"; tools that none of them has: {', '.join(absent)}" if absent else ""
    fix = "remove those that are for none of these" if absent else "remove them from the release"
    yield ReleaseFinding("warning", "images", "", reason, fix)


def _missing(path: str, names: Sequence[str]) -> ReleaseFinding:
    reason = f"is not pinned, and asked for by {', '.join(names)}"
    fix = "pin it, or leave out what asks for it there"
    return ReleaseFinding("wrong", path, "", reason, fix)


def _lacking(there: Collection[str], maybe: Asked, choices: Mapping[str, str]) -> Iterator[ReleaseFinding]:
    """Yield what a release does without: environments of other releases ask for it, or a document could."""
    for path in sorted((maybe.keys() | choices.keys()) - set(there)):
        who = ", ".join([*maybe.get(path, []), *([choices[path]] if path in choices else [])])
        reason = f"is not pinned: this release is none for {who}"
        yield ReleaseFinding("warning", path, "", reason, "pin it, if the release is meant to have it")


def _paths(release: Release, environment: Environment) -> set[str]:
    noting = _Noting(release.images)
    watched = release.model_copy(update={"images": noting})
    components = all_components(environment, watched)
    plan_compute(environment, watched)
    found = {f"charts.{each.name}" for each in components if each.chart}
    found |= {f"manifests.{each.name}" for each in components if each.manifests}
    return found | {f"images.{name}" for name in noting.asked}
