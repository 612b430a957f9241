"""The package's schema, for tools that ask for it: `pulumi package get-schema`, imports that generate code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.vsphere.provider import identity_kind, template_inputs
from infra.vsphere.provider.admission_kind import Admission
from infra.vsphere.provider.api_kind import ClusterApi
from infra.vsphere.provider.node_gpus_kind import NodeGpus
from infra.vsphere.provider.node_kind import NodeSettings
from infra.vsphere.provider.password_kind import Password
from infra.vsphere.provider.secret_kind import GeneratedSecret
from infra.vsphere.provider.signing_key_kind import SigningKey
from infra.vsphere.provider.token_kind import BootstrapToken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.vsphere.provider.kubernetes_kind import KubernetesKind
    from infra.vsphere.provider.made_kind import MadeKind
from infra.vsphere.provider.workloads_kind import Workloads

VERSION = "0.1.0"
PROVIDER_INPUTS = ("server", "user", "password")

_TEXT: dict[str, Any] = {"type": "string"}
_DEVICE = "slipway:index:GpuDevice"
_DEVICES: dict[str, Any] = {"type": "array", "items": {"$ref": f"#/types/{_DEVICE}"}}
_KUBERNETES_KINDS = (
    ClusterApi(),
    BootstrapToken(),
    NodeSettings(),
    NodeGpus(),
    GeneratedSecret(),
    Admission(),
    Workloads(),
)
_MADE_KINDS = (Password(), SigningKey())
_NOT_TEXT: dict[str, dict[str, Any]] = {
    "labels": {"type": "object", "additionalProperties": _TEXT},
    "taints": {"type": "array", "items": {"type": "object", "additionalProperties": _TEXT}},
    "keys": {"type": "array", "items": _TEXT},
    "count": {"type": "integer"},
    "length": {"type": "integer"},
}
_DEVICE_PROPERTIES = ("kind", "profile", "vendorId", "deviceId", "label")


def schema() -> str:
    """Return the schema as JSON."""
    settings = {name: {**_TEXT, **({"secret": True} if name == "password" else {})} for name in PROVIDER_INPUTS}
    return json.dumps(
        {
            "name": "slipway",
            "version": VERSION,
            "description": "What the official vSphere provider lacks",
            "provider": {"inputProperties": settings, "requiredInputs": []},
            "types": {
                _DEVICE: {
                    "type": "object",
                    "properties": dict.fromkeys(_DEVICE_PROPERTIES, _TEXT),
                    "required": ["kind"],
                }
            },
            "resources": {
                "slipway:index:GpuTemplate": _gpu_template(),
                "slipway:index:ClusterIdentity": _cluster_identity(),
                **{kind.token: _in_a_cluster(kind) for kind in _KUBERNETES_KINDS},
                **{kind.token: _made(kind) for kind in _MADE_KINDS},
            },
        }
    )


def _gpu_template() -> dict[str, Any]:
    inputs = {name: _DEVICES if name == "devices" else _TEXT for name in template_inputs.INPUTS}
    outputs = dict.fromkeys(("uuid", "moid", "baseUuid"), _TEXT)
    return _resource(inputs, template_inputs.REQUIRED, outputs)


def _cluster_identity() -> dict[str, Any]:
    inputs = dict.fromkeys(identity_kind.INPUTS, _TEXT)
    outputs = {name: {**_TEXT, "secret": True} for name in identity_kind.SECRET_OUTPUTS}
    return _resource(inputs, identity_kind.INPUTS, outputs | dict.fromkeys(identity_kind.PLAIN_OUTPUTS, _TEXT))


def _in_a_cluster(kind: KubernetesKind) -> dict[str, Any]:
    """Return the schema of a kind that stands in a cluster."""
    inputs = {
        name: {**_NOT_TEXT.get(name, _TEXT), **({"secret": True} if name in kind.secret else {})}
        for name in kind.inputs
    }
    return _resource(inputs, kind.inputs, dict.fromkeys(kind.computed, _TEXT))


def _made(kind: MadeKind) -> dict[str, Any]:
    """Return the schema of a kind that is made of chance; all that it takes may be left out."""
    inputs = {name: {**_NOT_TEXT.get(name, _TEXT), "default": value} for name, value in kind.defaults.items()}
    outputs = {name: {**_TEXT, **({"secret": True} if name in kind.secret else {})} for name in kind.computed}
    return _resource(inputs, (), outputs)


def _resource(inputs: dict[str, Any], required: Sequence[str], outputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "inputProperties": inputs,
        "requiredInputs": list(required),
        "properties": {**inputs, **outputs},
        "required": [*required, *outputs],
    }
