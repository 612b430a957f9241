"""Signatures of images: a key pair that pipelines sign with, and policies that look at what runs for teams.

Kyverno's newer kinds are used: its ClusterPolicy is deprecated since 1.17, and goes with 1.20.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.components.component import TEAM_LABEL, Component, FilledSecret, Manifest, manifest
from infra.components.registry import PULL_SECRET, asked_registry, registry_host
from infra.components.sources import SIGNING
from infra.toolchain.policies import NAME as KYVERNO
from infra.toolchain.policies import NAMESPACE as KYVERNO_NAMESPACE
from infra.toolchain.policies import POLICIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.model.environment import Environment
    from infra.model.release import Release

NAME = "signing"
NAMESPACE = "signing"
PAIR = "cosign"
PUBLIC_KEY_SECRET = "cosign-public-key"  # noqa: S105 - the name of a Secret
KEY_SOURCES = {  # what `cosign generate-key-pair k8s://...` writes into a Secret
    "cosign.key": f"{SIGNING}:{PAIR}.privateKey",
    "cosign.password": f"{SIGNING}:{PAIR}.password",
    "cosign.pub": f"{SIGNING}:{PAIR}.publicKey",
}
_PUBLIC_KEY = "cosign.pub"
_SECONDS = 20  # for the webhook, which asks the registry; the API server waits no longer than 30
_IMAGES = (
    "{pod}.spec.containers.map(c, c.image)"
    " + {pod}.spec.?initContainers.orValue([]).map(c, c.image)"
    " + {pod}.spec.?ephemeralContainers.orValue([]).map(c, c.image)"
)
_ALL_IMAGES, _OLD_IMAGES = _IMAGES.format(pod="object"), _IMAGES.format(pod="oldObject")
# A pod that was let in once goes on: its Job could not even take note of its end if it were looked at again.
_NEW_IMAGES = f"request.operation == 'CREATE' || {_ALL_IMAGES} != {_OLD_IMAGES}"
_PINNED = "image.contains('@sha256:') || (image.matches('^.+:[^/:]+$') && !image.endsWith(':latest'))"


def signing(environment: Environment, release: Release) -> Component:
    """Return the key pair, and the policies of the teams' namespaces."""
    return Component(
        NAME,
        NAMESPACE,
        needs=(KYVERNO,),
        secrets=(key_secret(), _public_key()),
        after=tuple(_policies(environment, release)),
    )


def key_secret(namespace: str = "") -> FilledSecret:
    """Return the Secret that `cosign sign --key k8s://<namespace>/cosign` reads, in a namespace."""
    return FilledSecret(
        PAIR,
        tuple(KEY_SOURCES.values()),
        lambda values: {key: values[source] for key, source in KEY_SOURCES.items()},
        namespace=namespace,
    )


def _public_key() -> FilledSecret:
    source = KEY_SOURCES[_PUBLIC_KEY]
    return FilledSecret(
        PUBLIC_KEY_SECRET, (source,), lambda values: {_PUBLIC_KEY: values[source]}, namespace=KYVERNO_NAMESPACE
    )


def _policies(environment: Environment, release: Release) -> Iterable[Manifest]:
    asked = environment.toolchain.signing
    enforced = asked is not None and asked.enforce
    registry = f"{registry_host(environment)}/"
    copies = [f"{registry}{name}/" for name in sorted(asked_registry(environment).upstreams)]
    own = sorted(image.reference for image in release.images.values() if not image.in_template)
    yield _policy("ImageValidatingPolicy", "signed-images", enforced=enforced, **_signed(registry, copies))
    yield _policy("ValidatingPolicy", "known-registries", enforced=enforced, **_known(registry, own))
    yield _policy("ValidatingPolicy", "pinned-images", enforced=False, **_pinned())


def _policy(kind: str, name: str, *, enforced: bool, **spec: Any) -> Manifest:  # noqa: ANN401 - any policy
    """Return a policy of pods in the teams' namespaces.

    Pods alone: what makes them stays as its author wrote it, or deliveries would find it changed. Containers that are
    put into a running pod count, too. One that is not enforced reports, and lets everything pass when Kyverno is away.
    """
    pods = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["pods", "pods/ephemeralcontainers"],
    }
    common: dict[str, Any] = {
        "validationActions": ["Deny" if enforced else "Audit"],
        "failurePolicy": "Fail" if enforced else "Ignore",
        "webhookConfiguration": {"timeoutSeconds": _SECONDS},
        "matchConstraints": {
            "namespaceSelector": {"matchExpressions": [{"key": TEAM_LABEL, "operator": "Exists"}]},
            "resourceRules": [pods],
        },
        "matchConditions": [{"name": "new-images", "expression": _NEW_IMAGES}],
        "autogen": {"podControllers": {"controllers": []}},
    }
    return manifest(kind, POLICIES, name, spec={**common, **spec})


def _signed(registry: str, copies: list[str]) -> dict[str, Any]:
    """Return what wants a signature: every image of the registry but copies of others', which it is no judge of."""
    ours = f"ref.startsWith({_text(registry)})"
    others = [f"!ref.startsWith({_text(copy)})" for copy in copies]
    secret = f"resource.Get('v1', 'secrets', {_text(KYVERNO_NAMESPACE)}, {_text(PUBLIC_KEY_SECRET)})"
    key = f"string(base64.decode(string({secret}.data[{_text(_PUBLIC_KEY)}])))"
    images = "(images.containers + images.initContainers + images.ephemeralContainers)"
    return {
        "matchImageReferences": [{"expression": " && ".join([ours, *others])}],
        "credentials": {"secrets": [PULL_SECRET]},
        "attestors": [
            {
                "name": PAIR,
                "cosign": {
                    "key": {"expression": key, "hashAlgorithm": "sha256"},
                    # there is no public log of what is signed here
                    "ctlog": {"insecureIgnoreTlog": True, "insecureIgnoreSCT": True},
                },
            }
        ],
        "validationConfigurations": {"mutateDigest": True, "verifyDigest": True, "required": True},
        "validations": [
            {
                "expression": f"{images}.all(image, verifyImageSignatures(image, [attestors.{PAIR}]) > 0)",
                "message": f"an image of {registry.rstrip('/')} runs for a team when a pipeline has signed it",
            }
        ],
        # pods that run are not asked about again: the registry would be, for each of them
        "evaluation": {"background": {"enabled": False}},
    }


def _known(registry: str, own: list[str]) -> dict[str, Any]:
    """Return what refuses images of elsewhere, but those that the release pins itself."""
    pinned = f"{_text(own)}.exists(each, image == each || image.startsWith(each + '@'))"
    known = f"image.startsWith({_text(registry)}) || {pinned}"
    return {
        "variables": [
            {"name": "images", "expression": _ALL_IMAGES},
            {"name": "others", "expression": f"variables.images.filter(image, !({known}))"},
        ],
        "validations": [
            {
                "expression": "variables.others.size() == 0",
                "messageExpression": f"'not from {registry.rstrip('/')}: ' + variables.others.join(', ')",
            }
        ],
    }


def _pinned() -> dict[str, Any]:
    """Return what reports images that are another one tomorrow: without a tag, or with `latest`."""
    return {
        "variables": [
            {"name": "images", "expression": _ALL_IMAGES},
            {"name": "moving", "expression": f"variables.images.filter(image, !({_PINNED}))"},
        ],
        "validations": [
            {
                "expression": "variables.moving.size() == 0",
                "messageExpression": "'these name no version: ' + variables.moving.join(', ')",
            }
        ],
    }


def _text(value: str | list[str]) -> str:
    """Return a text, or a list of them, as CEL writes it."""
    return json.dumps(value)
