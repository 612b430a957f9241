"""The layers that stand on the machines: previewed, brought up and taken down through the cluster's own API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra.catalog import ROOT
from infra.charts.bundle import Bundle
from infra.components.bundle_check import check_bundle
from infra.components.handed import NotHandedOver
from infra.components.settings import SettingsMissing, missing_settings
from infra.components.sources import lacking
from infra.errors import PersonError, StepFailed
from infra.kubernetes_api import ApiRefused, ApiUnreachable, KubernetesApi, forgets_unreachable, wait_for_api
from infra.layer_plans import layer_plans
from infra.model.handover import HANDOVER
from infra.operate.engine import LayerStack, open_stack, show_output
from infra.operate.interrupted import pending_operations, without_pending
from infra.operate.locks import release_stale_locks
from infra.operate.stack_files import stack_settings
from infra.operate.steps import ask, engine_destroy, engine_preview, engine_up
from infra.program import lower_layer
from infra.vsphere.provider.api_kind import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi.automation import EngineEvent

    from infra.components.plan import LayerPlan
    from infra.model.environment import Environment
    from infra.model.handover import Layer
    from infra.model.release import Release

_TOKEN = "slipway:index:BootstrapToken"  # noqa: S105 - a type
_API = "slipway:index:ClusterApi"
_ENGINE_PROVIDERS = ("pulumi:pulumi:Stack", "pulumi:providers:")


class LowerLayerMissing(PersonError):
    """A layer that stands on another one that is not there yet."""

    def __init__(self, stack: str, environment: str, lower: str) -> None:
        super().__init__(f"{stack}: {environment}.{lower} has handed nothing over yet; run: ./slipway up {environment}")


def check_upper_layers(environment: Environment, release: Release) -> dict[Layer, LayerPlan]:
    """Return the plans of the layers on the machines, if nothing keeps them from coming up that can be seen before.

    Raises `SettingsMissing`, `ChartsMissing`.
    """
    plans = layer_plans(environment, release)
    stacks = {f"{environment.name}.{layer}": plan for layer, plan in plans.items()}
    lines = [
        line
        for stack, plan in stacks.items()
        for line in missing_settings(stack, plan.settings, set(stack_settings(ROOT, stack)))
    ]
    if lines:
        raise SettingsMissing(lines)
    components = [each for plan in plans.values() for each in plan.components]
    check_bundle(Bundle.of(ROOT, release), release, components)
    return plans


def handed_over(environment: str, layer: Layer) -> dict[str, Any] | None:
    """Return what the layer below one hands over, secrets readable, or None when it is not there yet."""
    lower = lower_layer(layer)
    stack = open_stack(environment, lower, create=False) if lower else None
    if stack is None:
        return None
    outputs = stack.outputs()
    return dict(outputs[HANDOVER]) if HANDOVER in outputs else None


def _below(stack: LayerStack, plan: LayerPlan) -> dict[str, Any]:
    """Return what the layer below hands over, with all that the plan needs of it.

    Raises `LowerLayerMissing`, `NotHandedOver`.
    """
    below = handed_over(stack.environment, stack.layer)
    if below is None:
        raise LowerLayerMissing(stack.name, stack.environment, lower_layer(stack.layer) or "")
    names = lacking(plan.sources, below.get("secrets") or {})
    if names:
        raise NotHandedOver(stack.name, names)
    return below


def preview_upper(stack: LayerStack, plan: LayerPlan, *, expect_no_changes: bool = False, show: bool = True) -> None:
    """Preview a layer on the machines. When that fails, the API is asked for a reason that fits one line.

    Raises `LowerLayerMissing`, `NotHandedOver`, `ApiUnreachable`, `ApiRefused`, `StepFailed`.
    """
    said: list[str] = []
    events: list[EngineEvent] = []
    below = _below(stack, plan)
    try:
        engine_preview(stack, said, events, expect_no_changes=expect_no_changes)
    except StepFailed:
        with KubernetesApi(below["kubeconfig"]) as api:
            api.version()
        show_output("\n".join(said))
        raise
    if show:
        show_output("\n".join(said))


def up_upper(stack: LayerStack, plan: LayerPlan, *, yes: bool, last_look: Callable[[LayerStack], None]) -> None:
    """Bring a layer on the machines up once the API answers; without `yes` its preview is shown and asked about.

    `last_look` comes before anything is touched, and may raise. Raises `LowerLayerMissing`, `NotHandedOver`,
    `ApiUnreachable`, `ApiRefused`, `StepFailed`.
    """
    release_stale_locks(stack)
    exported = _without_pending(stack)
    below = _below(stack, plan)
    wait_for_api(below["kubeconfig"], PATIENCE)  # its machines may just have been switched on
    _forget_another_cluster(stack, below["kubeconfig"], exported)
    if not yes:
        preview_upper(stack, plan)
        ask(f"Do this to {stack.name}?", "--yes")
    last_look(stack)
    engine_up(stack)


def destroy_upper(stack: LayerStack, *, yes: bool) -> None:
    """Delete what a layer on the machines has. When its cluster has gone, only its record is left to be cleared.

    Volumes that would be left alone are named first. Raises `ApiUnreachable`, `ApiRefused`, `StepFailed`.
    """
    release_stale_locks(stack)
    exported = _without_pending(stack)
    deployment = exported.get("deployment") or {}
    entries = deployment.get("resources") or []
    own = [each for each in entries if not each["type"].startswith(_ENGINE_PROVIDERS)]
    below = handed_over(stack.environment, stack.layer)
    if own and below is None:
        if not yes:
            ask(f"The cluster of {stack.name} has gone. Clear the record of {len(own)} things in it?", "--yes")
        stack.replace_state(exported, {**deployment, "resources": []})
        print(f"{stack.name}: its cluster has gone with its machines; the record of {len(own)} things is cleared")
        return
    if own and below is not None:
        _say_what_volumes_stay(stack, below["kubeconfig"])
    if not yes:
        engine_destroy(stack, preview_only=True)
        ask(f"Delete all of {stack.name}?", "--yes")
    engine_destroy(stack, preview_only=False)


def _forget_another_cluster(stack: LayerStack, kubeconfig: str, exported: dict[str, Any]) -> None:
    """Clear the record of a cluster that was made anew: it has the keys of the one before, and nothing else of it.

    `exported` is the stack's state as it is. Raises `ApiUnreachable`, `ApiRefused`.
    """
    deployment = exported.get("deployment") or {}
    entries = deployment.get("resources") or []
    recorded = next((each["outputs"].get("uid") for each in entries if each["type"] == _API), None)
    with KubernetesApi(kubeconfig) as api:
        now = api.uid()
    if recorded and recorded != now:
        print(f"{stack.name}: its cluster was made anew; what is recorded of the one before is forgotten", flush=True)
        stack.replace_state(exported, {**deployment, "resources": []})


def _say_what_volumes_stay(stack: LayerStack, kubeconfig: str) -> None:
    """Name the volumes that nobody deletes once their driver has gone.

    Raises `ApiRefused`, and `ApiUnreachable` unless a person has asked to forget a cluster that is away.
    """
    try:
        with KubernetesApi(kubeconfig) as api:
            found = (api.get("/api/v1/persistentvolumes") or {}).get("items", [])
    except ApiUnreachable:
        if not forgets_unreachable():
            raise
        return
    claims = [each["spec"].get("claimRef", {}) for each in found]
    names = sorted(f"{claim.get('namespace', '')}/{claim.get('name', '')}" for claim in claims)
    if names:
        fix = "delete their claims first if they are to go, too"
        print(f"{stack.name}: disks of volumes stay in vCenter: {', '.join(names)}; {fix}", flush=True)


def renew_bootstrap_token(environment: str) -> None:
    """Renew the token that machines join with where it has ended, before machines are made that need it.

    A run that brings all layers up renews it in good time; this is for an environment that was left alone for months.
    Where the API does not answer, machines that are off may come first.
    """
    stack = open_stack(environment, "cluster", create=False)
    if stack is None:
        return
    entries = (stack.exported().get("deployment") or {}).get("resources") or []
    tokens = [each for each in entries if each["type"] == _TOKEN]
    if not tokens or datetime.fromisoformat(tokens[0]["outputs"]["expires"]) > datetime.now(UTC):
        return
    below = handed_over(environment, "cluster")
    if below is None:
        return  # its machines have gone
    try:
        with KubernetesApi(below["kubeconfig"]) as api:
            api.version()
    except (ApiUnreachable, ApiRefused) as reason:
        print(
            f"{stack.name}: the token that machines join with has ended, and can't be renewed now: {reason}", flush=True
        )
        return
    print(f"{stack.name}: the token that machines join with has ended; renewing it first", flush=True)
    release_stale_locks(stack)
    engine_up(stack, [tokens[0]["urn"]])


def _without_pending(stack: LayerStack) -> dict[str, Any]:
    """Drop what a killed run was doing: every object is applied again, whether it was made or not. Return the state."""
    exported = stack.exported()
    deployment = exported.get("deployment") or {}
    pending = pending_operations(deployment)
    if pending:
        names = ", ".join(operation.urn.rpartition("::")[2] for operation in pending)
        print(f"{stack.name}: a killed run was at work on {names}; they are applied again", flush=True)
        deployment = without_pending(deployment, {}, set())
        stack.replace_state(exported, deployment)
    return {**exported, "deployment": deployment}
