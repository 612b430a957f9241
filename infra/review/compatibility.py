"""Whether what a release pins goes together, by the table of facts, and whether one may follow another. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from infra.model.gpu_drivers import host_branches_for
from infra.review.facts import SAME, known_facts
from infra.review.version_ranges import fits, numbers_of, same

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.model.release import Release
    from infra.review.facts import ControlPlane, Fact

_TABLE = "infra/review/compatibility.yaml"
_LOOK_IT_UP = f"look it up, and add a row with its source to {_TABLE}"


@dataclass(frozen=True)
class ReleaseFinding:
    """One thing that a check of a release finds: `wrong` refuses it, a `warning` is shown.

    `path` and `value` are where in the release, `reason` names the other party and the source, `fix` what to do.
    """

    severity: Literal["wrong", "warning"]
    path: str
    value: str
    reason: str
    fix: str


def pins_of(release: Release) -> dict[str, str]:
    """Return the version of everything that a release pins, by its path, as `charts.harbor`."""
    found = {"kubernetes": release.kubernetes.version, "gpuDriver": release.gpu_driver.version}
    found |= {f"programs.{name}": each.version for name, each in release.programs.items()}
    found |= {f"images.{name}": each.tag for name, each in release.images.items()}
    found |= {f"charts.{name}": each.version for name, each in release.charts.items()}
    found |= {f"manifests.{name}": each.version for name, each in release.manifests.items()}
    return found


def compatibility_findings(release: Release) -> list[ReleaseFinding]:
    """Return everything in a release that does not go together, or is not known to, in the order of its pins."""
    pins = pins_of(release)
    listed = known_facts().control_plane(pins["kubernetes"])
    counted_twice = {f"images.{name}" for name in listed.images} if listed is not None else set()
    pairs = [found for found in _pairs(pins) if found.path not in counted_twice]
    found = [*pairs, *_control_plane(pins, listed), *_gpu_driver(release.gpu_driver.version)]
    order = list(pins)
    return sorted(found, key=lambda each: order.index(each.path) if each.path in order else len(order))


def kubernetes_step(old: Release, new: Release) -> str | None:
    """Return why Kubernetes can't go from one release to another at once, with the source, or None when it can."""
    fact = known_facts().promotion
    before, after = (numbers_of(each.kubernetes.version) for each in (old, new))
    assert before is not None  # noqa: S101 - the model says so
    assert after is not None  # noqa: S101 - the model says so
    if before.major == after.major and abs(after.minor - before.minor) <= fact.kubernetes_minors:
        return None
    step = f"Kubernetes {old.kubernetes.version} to {new.kubernetes.version}"
    return f"{step} is more than {fact.kubernetes_minors} minor at a time ({fact.source})"


def _pairs(pins: Mapping[str, str]) -> Iterator[ReleaseFinding]:
    groups: dict[tuple[str, str], list[Fact]] = {
        (pin, "kubernetes"): [] for pin in pins if pin.startswith(("charts.", "manifests."))
    }
    for fact in known_facts().all_pairs():
        if fact.pin in pins and fact.beside in pins:
            groups.setdefault((fact.pin, fact.beside), []).append(fact)
    for (pin, beside), facts in groups.items():
        known = [fact for fact in facts if fact.is_about(pins[pin])]
        if not known:
            reason = f"is not known to go together with {beside} {pins[beside]}: nobody has looked this version up"
            yield ReleaseFinding("warning", pin, pins[pin], reason, _LOOK_IT_UP)
        for fact in known:
            yield from _judged(fact, pins[pin], pins[beside])


def _judged(fact: Fact, version: str, other: str) -> Iterator[ReleaseFinding]:
    if any(same(version, other) if goes == SAME else fits(other, goes) for goes in fact.goes):
        return
    known = " or ".join(version if goes == SAME else goes for goes in fact.goes)
    if fact.otherwise == "wrong":
        reason = f"does not go together with {fact.beside} {other}, only with {known} (source: {fact.source})"
        yield ReleaseFinding("wrong", fact.pin, version, reason, "pin another version of one of the two")
    else:
        reason = f"is not known to go together with {fact.beside} {other}, only with {known} (source: {fact.source})"
        fix = f"prove it before people depend on it, or pin another version; what is known stands in {_TABLE}"
        yield ReleaseFinding("warning", fact.pin, version, reason, fix)


def _control_plane(pins: Mapping[str, str], known: ControlPlane | None) -> Iterator[ReleaseFinding]:
    version = pins["kubernetes"]
    if known is None:
        reason = "is not known by the images of its control plane"
        fix = f"add what this says to {_TABLE}: kubeadm config images list --kubernetes-version v{version}"
        yield ReleaseFinding("warning", "kubernetes", version, reason, fix)
        return
    for name, tag in known.images.items():
        path = f"images.{name}"
        pinned = pins.get(path, "")
        if pinned != tag:
            found = "is not what" if pinned else "is missing, and"
            reason = f"{found} kubeadm makes a control plane of Kubernetes {version} of, {tag} (source: {known.source})"
            yield ReleaseFinding("wrong", path, pinned, reason, f"pin {tag}")


def _gpu_driver(version: str) -> Iterator[ReleaseFinding]:
    if not host_branches_for(version):
        reason = "is not known to go together with any driver of the hosts: its branch is none that vGPUs were made of"
        fix = "take a driver of a branch in infra/model/gpu_drivers.yaml, or add its branch there with the source"
        yield ReleaseFinding("warning", "gpuDriver", version, reason, fix)
