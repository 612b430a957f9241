"""A review out of its parts: two revisions of documents, previews of layers, what rules find. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.model.environment import CONTROL_PLANE
from infra.model.release import Release
from infra.review.comparisons import document_changes, gpu_changes, text_changes
from infra.review.dangers import dangers
from infra.review.kinds import stateful_kinds
from infra.review.model import Danger, EnvironmentReview, Review
from infra.review.release_changes import release_changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from infra.review.model import LayerReview, ReleaseChange, RuleResult
    from infra.review.revisions import Snapshot


@dataclass(frozen=True)
class Parts:
    """What a review is made of: documents before and after, layers by environment, what rules found."""

    before: Snapshot
    after: Snapshot
    layers: Mapping[str, Sequence[LayerReview]]
    rules: tuple[RuleResult, ...] = ()


def assembled(names: Sequence[str], parts: Parts, *, against: str, revision: str) -> Review:
    """Return the review of environments, in the order of their names."""
    return Review(
        environments=tuple(_environment(name, parts) for name in names),
        against=against,
        revision=revision,
        dangers=tuple(sorted(danger for name in names for danger in _dangers(name, parts))),
        rules=parts.rules,
    )


def _environment(name: str, parts: Parts) -> EnvironmentReview:
    before, after, layers = parts.before, parts.after, tuple(parts.layers.get(name, ()))
    old, new = before.documents.get(name, {}), after.documents.get(name, {})
    versions = (str(old.get("release", "")), str(new.get("release", "")))
    if name in after.problems:
        return EnvironmentReview(name, layers, versions, refusals=tuple(after.problems[name].split("\n")))
    if name in before.problems and not old:
        unknown = f"what it was before is not known: {before.problems[name]}"
        return EnvironmentReview(name, layers, versions, refusals=(unknown,))
    known = name not in before.problems
    return EnvironmentReview(
        name,
        layers,
        release=versions,
        release_changes=_releases(parts, versions),
        gpus=gpu_changes(name, (old, before.locks.get(name, {})), (new, after.locks.get(name, {}))),
        documents=document_changes(old, new),
        texts=text_changes(name, before.texts.get(name, {}), after.texts.get(name, {})) if known else (),
        refusals=() if known else (f"what its texts were before is not known: {before.problems[name]}",),
    )


def _releases(parts: Parts, versions: tuple[str, str]) -> tuple[ReleaseChange, ...]:
    """Return what differs between the releases of both revisions; also between two states of the same version."""
    old, new = parts.before.releases.get(versions[0]), parts.after.releases.get(versions[1])
    if old is None or new is None or old == new:
        return ()
    return release_changes(Release.model_validate(old), Release.model_validate(new))


def _dangers(name: str, parts: Parts) -> tuple[Danger, ...]:
    """Return what somebody should see first; nodes are those of both revisions, as they stand and as they shall be."""
    gpus: dict[str, str] = {}
    disks: dict[str, str] = {}
    control_plane: set[str] = set()
    for document in (parts.after.documents.get(name, {}), parts.before.documents.get(name, {})):
        gpus |= dict(_gpu_nodes(name, document))
        disks |= dict(_data_disks(name, document))
        control_plane |= set(_nodes(name, CONTROL_PLANE, document.get("controlPlane", {})))
    return dangers(parts.layers.get(name, ()), gpus, control_plane, stateful_kinds(), disks)


def _nodes(environment: str, pool: str, machine: Mapping[str, Any]) -> Iterator[str]:
    return (f"{environment}-{pool}-{number}" for number in range(1, machine.get("count", 0) + 1))


def _gpu_nodes(environment: str, document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for pool, machine in document.get("nodePools", {}).items():
        gpu = machine.get("gpu")
        if gpu:
            part = gpu.get("share") or gpu.get("mig") or ""
            what = f"{gpu.get('count', 1)} x {gpu['board']}" + (f" ({part})" if part else "")
            yield from ((node, what) for node in _nodes(environment, pool, machine))


def _data_disks(environment: str, document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for pool, machine in document.get("nodePools", {}).items():
        sizes = [f"{name} ({each['sizeGiB']} GiB)" for name, each in sorted(machine.get("dataDisks", {}).items())]
        if sizes:
            yield from ((node, ", ".join(sizes)) for node in _nodes(environment, pool, machine))
