"""One component, wired: namespace, Secrets, chart or manifests, and the objects before and after."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from infra.charts.images import with_digests, without_digest
from infra.components.component import (
    COMPONENT_LABEL,
    SYSTEM_NAMESPACE,
    Component,
    Manifest,
    fingerprint,
    namespace_manifest,
)
from infra.components.kubernetes_plugin import Chart, ConfigGroup
from infra.components.secrets_mark import secrets_mark, with_mark
from infra.plain_yaml import read_all_yaml
from infra.vsphere.provider.cluster_resources import Admission, GeneratedSecret, Workloads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from infra.charts.bundle import Bundle


# Objects are deleted at once, and what they own after them. By default the API deletes them last; one may then be gone
# between two looks of the plugin, which waits for it in vain.
_DEFINITION = "CustomResourceDefinition"
_AT_ONCE = {"pulumi.com/deletionPropagationPolicy": "background"}
_PATIENCE = "pulumi.com/timeoutSeconds"
# The cluster makes these by itself, and anew when somebody deletes them: they are changed, and left as they were.
_THE_CLUSTER_S_OWN = (("ServiceAccount", "default"),)
_FORCED = {"pulumi.com/patchForce": "true"}
# What Pulumi would wait for until pods are ready: `Workloads` waits for all of a component at once, see there.
_WAITED_FOR = ("DaemonSet", "Deployment", "StatefulSet", "Service", "PersistentVolumeClaim", "Ingress")
_NOT_WAITED_FOR = {"pulumi.com/skipAwait": "true"}


@dataclass(frozen=True)
class ComponentArgs:
    """What a component is wired from.

    `bundle` has its chart in a `version`, `root` is the checkout that relative paths of it stand in, `digests` are
    those of images, as far as they are known; `values` are those of sources; `kubeconfig` is the administrator's;
    `mark_key` is what marks of Secrets are made with.
    """

    component: Component
    bundle: Bundle
    version: str
    root: Path
    digests: Mapping[str, str]
    values: Mapping[str, pulumi.Input[str]]
    kubeconfig: pulumi.Input[str]
    mark_key: pulumi.Input[str]


class KubernetesComponent(pulumi.ComponentResource):
    """One component; `name` is the component's."""

    _mark: pulumi.Output[str] | None = None  # of the Secrets that the component's own pods read

    def __init__(self, name: str, args: ComponentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:cluster:Component", name, None, opts)
        self._args = args
        component = args.component
        first = self._namespace(component)
        first = [*first, *self._secrets(component, first)]
        first = [*first, *self._objects(component.before, first)]
        body = self._body(component, first)
        body = [*body, *self._workloads(component, body)]
        self._objects(component.after, [*first, *body, *self._admission(component, body)])
        self.register_outputs({})

    def _options(self, after: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(after))

    def _options_of_many(self, after: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
        changed = pulumi.ResourceOptions(transforms=[self._changed])
        return pulumi.ResourceOptions.merge(self._options(after), changed)

    def _namespace(self, component: Component) -> list[pulumi.Resource]:
        if component.namespace == SYSTEM_NAMESPACE:
            return []
        level = "privileged" if component.privileged else "baseline"
        return [self._object(namespace_manifest(component.namespace, pod_security=level))]

    def _object(self, manifest: Mapping[str, Any], after: Sequence[pulumi.Resource] = ()) -> pulumi.CustomResource:
        return kubernetes_object(self._marked(self._pinned(manifest)), self._options(after))

    def _marked(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        return dict(manifest) if self._mark is None else with_mark(manifest, self._mark)

    def _pinned(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Return an object whose images name their digest; say so where one is not known, though a bundle is there."""
        digests = self._args.digests
        for image in without_digest(manifest, digests) if digests else ():
            pulumi.log.warn(f"image {image}: not checked: the bundle's list of images does not have it", self)
        return dict(with_digests(manifest, digests))

    def _secrets(self, component: Component, after: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        found: list[pulumi.Resource] = []
        own: dict[str, pulumi.Output[dict[str, str]]] = {}
        for secret in component.secrets:
            values = pulumi.Output.all(**{name: self._args.values[name] for name in secret.sources})
            metadata: dict[str, Any] = {"name": secret.name, "namespace": secret.namespace or component.namespace}
            if secret.labels:
                metadata["labels"] = dict(secret.labels)
            filled: pulumi.Output[dict[str, str]] = pulumi.Output.secret(values.apply(secret.fill))
            body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": secret.type}
            found.append(kubernetes_object({**body, "stringData": filled}, self._options(after)))
            if metadata["namespace"] == component.namespace and not secret.for_jobs:
                own[secret.name] = filled
        if own:
            self._mark = self._mark_of(own)
        for name, keys in component.generated.items():
            place = f"{component.namespace}/{name}"
            made = GeneratedSecret(place, self._args.kubeconfig, component.namespace, name, keys, self._options(after))
            found.append(made)
        return found

    def _mark_of(self, secrets: Mapping[str, pulumi.Output[dict[str, str]]]) -> pulumi.Output[str]:
        """Return the mark of Secrets; it is nothing secret, unlike what it is made of."""
        everything = pulumi.Output.all(self._args.mark_key, pulumi.Output.all(**secrets))
        return pulumi.Output.unsecret(everything.apply(lambda found: secrets_mark(*found)))

    def _workloads(self, component: Component, body: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        """Return what waits for the workloads of a chart or manifests, once they are made."""
        if not body:
            return []
        made_of: pulumi.Input[str] = fingerprint(
            {"version": self._args.version, "values": component.values, "digests": self._args.digests}
        )
        if self._mark is not None:
            made_of = pulumi.Output.concat(made_of, "-", self._mark)
        selector = f"{COMPONENT_LABEL}={component.name}"
        return [Workloads(component.name, self._args.kubeconfig, selector, made_of, self._options(body))]

    def _admission(self, component: Component, body: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        if component.probe is None:
            return []
        path, probe = component.probe
        text, version = json.dumps(probe, sort_keys=True), self._args.version
        return [Admission(component.name, self._args.kubeconfig, path, text, version, self._options(body))]

    def _objects(self, manifests: Sequence[Manifest], after: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        """Make objects one after the other where one stands in another's namespace, else all at once."""
        found: list[pulumi.Resource] = []
        namespaces: list[pulumi.Resource] = []
        for each in manifests:
            made = self._object(each, [*after, *namespaces])
            found.append(made)
            if each["kind"] == "Namespace":
                namespaces.append(made)
        return found

    def _body(self, component: Component, after: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        if component.chart:
            folder = f"./{self._args.bundle.chart(component.name)}"
            options = self._options_of_many(after)
            return [Chart(component.name, folder, component.namespace, component.values, options)]
        if component.manifests:
            text = (self._args.root / self._args.bundle.manifests(component.name)).read_text(encoding="utf-8")
            objects = [dict(each) for each in read_all_yaml(text) if each]
            changed = [component.change(each) if component.change else each for each in objects]
            return [ConfigGroup(component.name, changed, self._options_of_many(after))]
        return []

    def _changed(self, args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        """Change an object of a chart as one of ours is changed; definitions of kinds stay for good.

        With a definition everything of its kind would go, whoever made it, so Helm does not delete them either.
        """
        if not args.custom or not args.type_.startswith("kubernetes:"):
            return None
        if args.props["kind"] == _DEFINITION:
            kept = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(retain_on_delete=True))
            return pulumi.ResourceTransformResult(dict(args.props), kept)
        component = self._args.component
        props = component.change(dict(args.props)) if component.chart and component.change else args.props
        pinned = self._marked(self._pinned(props))
        if pinned["kind"] in _WAITED_FOR:
            pinned = _labelled(_annotated(pinned, _NOT_WAITED_FOR), {COMPONENT_LABEL: component.name})
        return pulumi.ResourceTransformResult(with_deletion_policy(pinned), args.opts)


def with_patience(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object that is waited for as long as it may take: a Job's own deadline, which Pulumi does not know."""
    seconds = manifest.get("spec", {}).get("activeDeadlineSeconds") if manifest["kind"] == "Job" else None
    return _annotated(manifest, {_PATIENCE: str(seconds)}) if seconds else dict(manifest)


def with_deletion_policy(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object that is deleted at once; a namespace is not before all that is in it."""
    if manifest["kind"] == "Namespace":
        return dict(manifest)
    return _annotated(manifest, _AT_ONCE)


def _labelled(manifest: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), **labels}}}


def _annotated(manifest: Mapping[str, Any], annotations: Mapping[str, str]) -> dict[str, Any]:
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), **annotations}}}


def kubernetes_object(manifest: Mapping[str, Any], opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
    """Register one object of the API, named `<kind>:<namespace>/<name>` within its parent."""
    metadata = manifest["metadata"]
    place = "/".join(part for part in (metadata.get("namespace"), metadata["name"]) if part)
    version, kind = manifest["apiVersion"], manifest["kind"]
    token = f"kubernetes:{version if '/' in version else f'core/{version}'}:{kind}"
    if (kind, metadata["name"]) in _THE_CLUSTER_S_OWN:
        return pulumi.CustomResource(f"{token}Patch", f"{kind}:{place}", _annotated(manifest, _FORCED), opts)
    return pulumi.CustomResource(token, f"{kind}:{place}", with_deletion_policy(with_patience(manifest)), opts)
