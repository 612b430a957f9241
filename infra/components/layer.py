"""A layer in the cluster, wired: the API that answers, what is secret, then one component after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pulumi

from infra.catalog import ROOT
from infra.charts.bundle import Bundle
from infra.components.bundle_check import check_bundle
from infra.components.handed import NotHandedOver
from infra.components.kubernetes_plugin import KubernetesProvider
from infra.components.secrets_mark import KEY_NAME
from infra.components.settings import NOT_SECRET, SettingsMissing, missing_settings
from infra.components.sources import BELOW, HEX, MADE, SIGNING, name_of, space
from infra.components.tooling import addresses
from infra.components.wiring import ComponentArgs, KubernetesComponent
from infra.model.handover import ToolsHandover
from infra.vsphere.provider.cluster_resources import ClusterApi
from infra.vsphere.provider.made_resources import Password, SigningKey
from infra.vsphere.provider.registration import SlipwayProvider

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from infra.components.plan import LayerPlan
    from infra.model.environment import Environment
    from infra.model.release import Release

Below = pulumi.Output[dict[str, Any]]  # what the layer below hands over
_LENGTHS: dict[str, tuple[int, Literal["letters", "hexadecimal"]]] = {
    MADE: (32, "letters"),
    HEX: (64, "hexadecimal"),
}
_PARTS = {"privateKey": "private_key", "password": "password", "publicKey": "public_key"}


@dataclass(frozen=True)
class Ground:
    """What everything of a layer is made with: the cluster's administrator, its API, our provider, secret values."""

    release: Release
    bundle: Bundle
    kubeconfig: pulumi.Output[str]
    api: ClusterApi
    slipway: SlipwayProvider
    kubernetes: KubernetesProvider
    values: Mapping[str, pulumi.Input[str]]
    mark_key: pulumi.Input[str]

    def secrets(self, sources: Iterable[str]) -> dict[str, pulumi.Output[str]]:
        """Return the values of sources by their names, secret, for the hand-over."""
        return {name_of(source): pulumi.Output.secret(self.values[source]) for source in sources}


def text_of(below: Below, name: str) -> pulumi.Output[str]:
    """Return one text of the hand-over below, shown as it is: the hand-over is secret as a whole."""
    return pulumi.Output.unsecret(below.apply(lambda handed: str(handed[name])))


def lay_ground(environment: Environment, release: Release, plan: LayerPlan, below: Below) -> Ground:
    """Register what a layer's components are made with.

    Raises `SettingsMissing` when settings of the stack that components need are not there, `ChartsMissing` when charts
    are not to be had.
    """
    settings = _settings(plan.settings)
    bundle = Bundle.of(ROOT, release)
    check_bundle(bundle, release, plan.components)
    kubeconfig: pulumi.Output[str] = pulumi.Output.secret(text_of(below, "kubeconfig"))
    slipway = SlipwayProvider("slipway")
    api = ClusterApi("api", environment.name, kubeconfig, pulumi.ResourceOptions(provider=slipway))
    options = pulumi.ResourceOptions(depends_on=[api], deleted_with=api)
    kubernetes = KubernetesProvider("kubernetes", kubeconfig, environment.name, options)
    values = {**settings, **_made(plan.sources, slipway, environment.rotations), **_from_below(plan.sources, below)}
    mark_key = Password(KEY_NAME, pulumi.ResourceOptions(provider=slipway)).value
    return Ground(release, bundle, kubeconfig, api, slipway, kubernetes, values, mark_key)


def make_components(plan: LayerPlan, ground: Ground, after: Sequence[pulumi.Resource]) -> dict[str, pulumi.Resource]:
    """Register a layer's components, each after those it needs and all after some resources; return them by name."""
    made: dict[str, pulumi.Resource] = {}
    digests = ground.bundle.digests()
    for component in plan.components:
        chart = ground.release.charts.get(component.name)
        version = chart.version if chart is not None else ""
        made[component.name] = KubernetesComponent(
            component.name,
            ComponentArgs(
                component, ground.bundle, version, ROOT, digests, ground.values, ground.kubeconfig, ground.mark_key
            ),
            pulumi.ResourceOptions(
                providers=[ground.kubernetes, ground.slipway],
                depends_on=[ground.api, *after, *(made[name] for name in component.needs if name in made)],
            ),
        )
    return made


def _settings(names: tuple[str, ...]) -> dict[str, pulumi.Input[str]]:
    """Return the stack's settings that components need, secret but for user names. Raises `SettingsMissing`."""
    found: dict[str, pulumi.Input[str]] = {}
    for name in names:
        space_of_it, _, key = name.partition(":")
        config = pulumi.Config(space_of_it)
        value = config.get(key) if name in NOT_SECRET else config.get_secret(key)
        if value is not None:
            found[name] = value
    lines = missing_settings(pulumi.get_stack(), names, found)
    if lines:
        raise SettingsMissing(lines)
    return found


def _made(
    sources: Iterable[str], slipway: SlipwayProvider, rotations: Mapping[str, int]
) -> dict[str, pulumi.Input[str]]:
    """Return the values that are made once, by source; a key pair is one resource, whichever parts are asked for.

    Another number in `rotations`, by name, makes another value.
    """
    found: dict[str, pulumi.Input[str]] = {}
    pairs: dict[str, SigningKey] = {}
    options = pulumi.ResourceOptions(provider=slipway)
    for source in sources:
        kind, name = space(source), name_of(source)
        if kind in _LENGTHS:
            length, alphabet = _LENGTHS[kind]
            found[source] = Password(name, options, length, alphabet, rotations.get(name, "")).value
        elif kind == SIGNING:
            pair, _, part = name.partition(".")
            if pair not in pairs:
                pairs[pair] = SigningKey(pair, options, rotations.get(pair, ""))
            found[source] = getattr(pairs[pair], _PARTS[part])
    return found


def _from_below(sources: Iterable[str], below: Below) -> dict[str, pulumi.Input[str]]:
    return {source: _secret_of(below, name_of(source)) for source in sources if space(source) == BELOW}


def _secret_of(below: Below, name: str) -> pulumi.Output[str]:
    def found(handed: dict[str, Any]) -> str:
        if name not in handed["secrets"]:
            raise NotHandedOver(pulumi.get_stack(), [name])
        return str(handed["secrets"][name])

    return pulumi.Output.secret(below.apply(found))


def build_tools_layer(
    environment: Environment, release: Release, layer: str, plan: LayerPlan, below: Below
) -> ToolsHandover:
    """Register a layer that is nothing but components; `below` is what the layer below hands over.

    Raises what `lay_ground` raises.
    """
    ground = lay_ground(environment, release, plan, below)
    make_components(plan, ground, [])
    return ToolsHandover(
        environment=environment.name,
        api=text_of(below, "api"),
        kubeconfig=ground.kubeconfig,
        kubernetes=ground.api.version,
        addresses=addresses(environment, layer),
        secrets=ground.secrets(plan.handed),
    )
