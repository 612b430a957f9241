"""Pulumi's Kubernetes plugin, as plain data: its provider, charts, files of manifests, single objects.

The typed classes of its SDK would load megabytes for what is plain data here, and they ask the engine once more for
every object of a chart as soon as there is one: a third of a preview's time went into what nobody reads.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pulumi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PACKAGE = "pulumi-kubernetes"
_ON = "true"  # a provider's settings are texts


class KubernetesProvider(pulumi.ProviderResource):
    """The plugin, for one cluster; `cluster` is what it is told apart from other clusters by."""

    def __init__(
        self, name: str, kubeconfig: pulumi.Input[str], cluster: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        settings = {
            "kubeconfig": kubeconfig,
            "clusterIdentifier": cluster,
            "suppressHelmHookWarnings": _ON,
            "enableConfigMapMutable": _ON,  # else they are deleted and made anew, and are away meanwhile
            "enableSecretMutable": _ON,
            "upsertExistingObjects": _ON,  # what a killed run made and did not record is taken over
        }
        super().__init__("kubernetes", name, settings, _of_our_version(opts))


class Chart(pulumi.ComponentResource):
    """A chart, rendered by the plugin: `folder` has it, `values` are its own."""

    def __init__(
        self, name: str, folder: str, namespace: str, values: Mapping[str, Any], opts: pulumi.ResourceOptions
    ) -> None:
        inputs = {"chart": folder, "name": name, "namespace": namespace, "values": values, "resources": None}
        super().__init__("kubernetes:helm.sh/v4:Chart", name, inputs, _of_our_version(opts), remote=True)


class ConfigGroup(pulumi.ComponentResource):
    """Objects of the API that belong together, as a file of manifests has them."""

    def __init__(self, name: str, objects: Sequence[Mapping[str, Any]], opts: pulumi.ResourceOptions) -> None:
        inputs = {"objs": list(objects), "resources": None}
        super().__init__("kubernetes:yaml/v2:ConfigGroup", name, inputs, _of_our_version(opts), remote=True)


def _of_our_version(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(version=_plugin_version()))


@cache
def _plugin_version() -> str:
    """Return the version of the plugin: that of the package, which names it for `pulumi` to install."""
    return version(_PACKAGE)
