"""Between the engine's wire format and plain Python values."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format, struct_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # pulumi sdk: what stands for a value not known before the update

_SIGNATURE = "4dabf18193072939515e22adb298388d"  # pulumi sdk: marks a wrapped value, such as a secret, on the wire

Properties = dict[str, Any]


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Return the properties of a message: secrets unwrapped, whole numbers as `int` (all numbers travel as floats)."""
    properties: Properties = _plain(json_format.MessageToDict(struct))
    return properties


def to_struct(properties: Properties) -> struct_pb2.Struct:
    """Return properties as a message; `None` values are left out."""
    struct = struct_pb2.Struct()
    struct.update({key: value for key, value in properties.items() if value is not None})
    return struct


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return _plain(value["value"]) if _SIGNATURE in value else {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
