"""Reviews of layers: each is previewed against what is there, and it is said why where that can't be."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from infra.catalog import ROOT, Catalog
from infra.charts.bundle import Bundle
from infra.components.sources import BELOW, lacking, name_of, space
from infra.errors import DocumentsRefused, MissingProgram, NotPossibleHere, PersonError, StepFailed
from infra.for_real import check_release
from infra.gpu.lock import lock_path, read_lock
from infra.kubernetes_api import ApiRefused, ApiUnreachable, KubernetesApi
from infra.layer_plans import asked_layers, layer_plans
from infra.model.handover import HANDOVER, LAYERS
from infra.operate.engine import open_stack
from infra.operate.preview_steps import stack_outputs, steps_of
from infra.operate.steps import engine_preview
from infra.operate.upper import handed_over
from infra.program import lower_layer
from infra.review.layer_review import layer_review
from infra.review.model import LayerReview, RuleResult, Staleness
from infra.review.revisions import current_revision
from infra.review.rules import Preview, check_previews
from infra.review.seal import SealedLayer, SealParts, seal
from infra.review.seal_file import program_version, sealed_documents
from infra.review.seal_parts import below, state_hash
from infra.rotations import check_rotations

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pulumi.automation import EngineEvent

    from infra.components.plan import LayerPlan
    from infra.model.environment import Environment
    from infra.model.handover import Layer
    from infra.model.release import Release
    from infra.operate.engine import LayerStack

_PLUGINS = ("pulumi-vsphere", "pulumi-kubernetes")
_MADE = ("slipway:index:Password", "slipway:index:SigningKey")
_IDENTITY = "slipway:index:ClusterIdentity"
_REACHES_THE_CLUSTER = ("environment", "api")  # what of a hand-over the layers above are made through


@dataclass(frozen=True)
class Reviewed:
    """A layer's review, what rules find in its preview, and its plan to be sealed (None if it was not previewed)."""

    layer: LayerReview
    rules: tuple[RuleResult, ...] = ()
    sealed: SealedLayer | None = None


REVIEWED_OF_JSON = TypeAdapter(list[Reviewed])


@dataclass(frozen=True)
class _Previewed:
    """What a layer's preview gave: what is told of it, and the stack's outputs before and after, secrets masked."""

    reviewed: Reviewed
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def review_layers(environment_name: str, only: Collection[str] | None = None) -> list[Reviewed]:
    """Return the reviews of an environment's layers, bottom to top; with `only`, of these stacks.

    A layer that the document asks nothing of any more is among them as long as it has a stack: `up` empties that. One
    that can't be previewed is told with the reason. Raises `DocumentsRefused`, `MissingProgram`.
    """
    catalog = Catalog()
    environment, release = catalog.load(environment_name)
    check_rotations(catalog, environment, release)
    asked, plans = asked_layers(environment), layer_plans(environment, release)
    found: list[Reviewed] = []
    moved = not_pinned = _not_for_real(release)  # why layers can't be previewed, once something says so
    other_nodes = ""  # why the cluster layer can't be: it alone is told of machines
    anew: dict[str, str] = {}  # secrets that the layers above get and that would be others, and whose they are
    for layer in LAYERS:
        if only is not None and f"{environment_name}.{layer}" not in only:
            continue
        if layer not in asked and (not_pinned or not _has_stack(environment_name, layer)):
            continue
        why = moved or (other_nodes if layer == "cluster" else "") or _other_secrets(plans.get(layer), anew)
        previewed = _review(environment, release, layer, plans.get(layer), why)
        found.append(previewed.reviewed)
        anew |= _made_anew(previewed.reviewed.layer)
        moved = moved or _moves_the_cluster(previewed)
        other_nodes = other_nodes or _other_nodes(previewed)
    return found


def _not_for_real(release: Release) -> str:
    """Return why nothing may be made of a release, or nothing."""
    try:
        check_release(ROOT, release)
    except DocumentsRefused:
        fix = f"run ./slipway release pin {release.version}, or review with --rehearse"
        reason = f"{len(release.unpinned())} things of release {release.version} have no digest"
        return f"{reason}, and a vCenter takes what is pinned alone; {fix}"
    return ""


def _has_stack(environment: str, layer: Layer) -> bool:
    """Whether a layer has been made, as far as can be seen: where it can't, its review says why."""
    try:
        return open_stack(environment, layer, create=False) is not None
    except MissingProgram:
        raise
    except PersonError:
        return True


def _review(environment: Environment, release: Release, layer: Layer, plan: LayerPlan | None, moved: str) -> _Previewed:
    """Return what a layer's preview gives, or why there is none."""
    name = environment.name
    if moved:
        return _not_previewable(name, layer, moved)
    try:
        stack = open_stack(name, layer, create=False)
        if stack is None:
            return _not_previewable(name, layer, f"there is no stack {name}.{layer} yet: `up` makes all of it")
        reason = _why_not(stack, layer, plan)
        if reason:
            return _not_previewable(name, layer, reason)
        said: list[str] = []
        events: list[EngineEvent] = []
        try:
            engine_preview(stack, said, events, expect_no_changes=False)
        except StepFailed as failed:
            return _failed(name, layer, _last_error(said) or str(failed))
        return _Previewed(_reviewed(stack, environment, release, events), *stack_outputs(events))
    except MissingProgram:
        raise
    except PersonError as error:
        return _failed(name, layer, " ".join(str(error).split()))


def _not_previewable(environment: str, layer: Layer, reason: str) -> _Previewed:
    return _Previewed(Reviewed(LayerReview(environment, layer, "not previewable", reason)))


def _failed(environment: str, layer: Layer, reason: str) -> _Previewed:
    return _Previewed(Reviewed(LayerReview(environment, layer, "preview failed", reason)))


def _reviewed(stack: LayerStack, environment: Environment, release: Release, events: list[EngineEvent]) -> Reviewed:
    steps, exported = steps_of(events), stack.exported()
    staleness = _staleness(stack, environment, exported)
    review = layer_review(environment.name, stack.layer, steps, staleness)
    rules = check_previews([Preview.of(review, steps, bundle=_has_bundle(release))])
    tools = {"pulumi": staleness.engine, **dict(staleness.plugins), "slipway": program_version(ROOT)}
    lower = lower_layer(stack.layer)
    lower_stack = open_stack(environment.name, lower, create=False) if lower is not None else None
    parts = SealParts(
        review,
        sealed_documents(ROOT, environment, release, stack.layer),
        state_hash(exported),
        below(lower_stack.name, lower_stack.exported()) if lower_stack is not None else None,
        tools,
    )
    return Reviewed(review, tuple(rules), seal(parts))


def _has_bundle(release: Release) -> bool:
    """Whether the release's own charts and list of images are at hand."""
    try:
        return Bundle.of(ROOT, release).kind == "real"
    except NotPossibleHere:
        return False


def _why_not(stack: LayerStack, layer: Layer, plan: LayerPlan | None) -> str:
    """Return why a layer in the cluster can't be previewed, or nothing."""
    lower = lower_layer(layer)
    if lower is None:
        return ""
    below = handed_over(stack.environment, layer)
    if below is None:
        return f"its API is not there yet: {stack.environment}.{lower} has handed nothing over"
    names = lacking(plan.sources if plan is not None else (), below.get("secrets") or {})
    if names:
        return f"{stack.environment}.{lower} does not hand over {', '.join(names)} yet: `up` brings that first"
    try:
        with KubernetesApi(below["kubeconfig"]) as api:
            api.version()
    except (ApiUnreachable, ApiRefused) as reason:
        return f"its API does not answer: {' '.join(str(reason).split())}"
    return ""


def _moves_the_cluster(previewed: _Previewed) -> str:
    """Return why the layers above can't be previewed when this one does what it would, or nothing."""
    review = previewed.reviewed.layer
    if review.verdict in ("not previewable", "preview failed"):
        return f"{review.stack} could not be previewed, and it stands on that"
    if any(each.type == _IDENTITY for each in review.changes):
        return f"{review.stack} would hand over other keys of the cluster"
    before, after = previewed.before.get(HANDOVER), previewed.after.get(HANDOVER)
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ""
    changed = [key for key in _REACHES_THE_CLUSTER if before.get(key) != after.get(key)]
    return f"{review.stack} would hand over another {' and '.join(changed)}" if changed else ""


def _other_nodes(previewed: _Previewed) -> str:
    """Return why the cluster layer can't be previewed: its nodes would be other machines; else nothing."""
    before, after = previewed.before.get(HANDOVER), previewed.after.get(HANDOVER)
    if not isinstance(before, dict) or not isinstance(after, dict) or before.get("nodes") == after.get("nodes"):
        return ""
    return f"{previewed.reviewed.layer.stack} would hand over other nodes, which this layer would be told of"


def _made_anew(review: LayerReview) -> dict[str, str]:
    """Return the stack of each secret that a layer would make anew, by the secret's name."""
    renewed = ("update", "replace")
    return {each.name: review.stack for each in review.changes if each.type in _MADE and each.operation in renewed}


def _other_secrets(plan: LayerPlan | None, anew: Mapping[str, str]) -> str:
    """Return why a layer can't be previewed: a layer below would hand over other secrets; else nothing."""
    needed = {name_of(source) for source in plan.sources if space(source) == BELOW} if plan is not None else set()
    names = sorted(needed & anew.keys())
    if not names:
        return ""
    return f"{anew[names[0]]} would make {', '.join(names)} anew, which this layer hands to what reads it"


def _staleness(stack: LayerStack, environment: Environment, exported: dict[str, Any]) -> Staleness:
    """Return what a preview was made of."""
    lock = read_lock(lock_path(ROOT, environment.name), environment.name)
    age = None
    if lock is not None:
        read = datetime.fromisoformat(lock.inventory_read)
        age = (datetime.now(UTC) - read.astimezone(UTC)).days
    return Staleness(
        state=state_hash(exported),
        engine=str(stack.handle.workspace.pulumi_version or ""),
        plugins=tuple((name, version(name)) for name in _PLUGINS),
        revision=current_revision(ROOT),
        inventory_age_days=age,
    )


def _last_error(said: Sequence[str]) -> str:
    """Return the last error that the engine or a program told, on one line."""
    found = re.findall(r"error: (.+)$", "\n".join(said), re.MULTILINE)
    return " ".join(found[-1].split()) if found else ""


if __name__ == "__main__":
    reviews = [each for name in sys.argv[1:] for each in review_layers(name)]
    sys.stdout.buffer.write(REVIEWED_OF_JSON.dump_json(reviews))
