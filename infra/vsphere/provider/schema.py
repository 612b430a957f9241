"""The package's schema, for tools that ask for it: `pulumi package get-schema`, imports that generate code."""

from __future__ import annotations

import json
from typing import Any

from infra.vsphere.provider.template_inputs import INPUTS, REQUIRED

VERSION = "0.1.0"
PROVIDER_INPUTS = ("server", "user", "password")

_TEXT: dict[str, Any] = {"type": "string"}
_DEVICE = "slipway:index:GpuDevice"
_DEVICES: dict[str, Any] = {"type": "array", "items": {"$ref": f"#/types/{_DEVICE}"}}
_DEVICE_PROPERTIES = ("kind", "profile", "vendorId", "deviceId", "label")


def schema() -> str:
    """Return the schema as JSON."""
    inputs = {name: _DEVICES if name == "devices" else _TEXT for name in INPUTS}
    outputs = dict.fromkeys(("uuid", "moid", "baseUuid"), _TEXT)
    settings = {name: {**_TEXT, **({"secret": True} if name == "password" else {})} for name in PROVIDER_INPUTS}
    return json.dumps(
        {
            "name": "slipway",
            "version": VERSION,
            "description": "What the official vSphere provider lacks",
            "provider": {"inputProperties": settings, "requiredInputs": list(PROVIDER_INPUTS)},
            "types": {
                _DEVICE: {
                    "type": "object",
                    "properties": dict.fromkeys(_DEVICE_PROPERTIES, _TEXT),
                    "required": ["kind"],
                }
            },
            "resources": {
                "slipway:index:GpuTemplate": {
                    "inputProperties": inputs,
                    "requiredInputs": list(REQUIRED),
                    "properties": {**inputs, **outputs},
                    "required": [*REQUIRED, *outputs],
                }
            },
        }
    )
