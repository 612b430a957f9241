"""Between the SDK's property values and plain Python values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue

Properties = dict[str, Any]

# pulumi sdk, runtime/rpc.py: what stands for a value that is not known before the update. The SDK's property values
# neither read nor write it as `Computed`, so it travels as the text that it is.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def plain(values: Mapping[str, PropertyValue]) -> Properties:
    """Return values as Python has them: secrets unwrapped, whole numbers as `int`, None left out."""
    found = {name: _plain(value) for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}


def wired(values: Properties, secret: Collection[str] = ()) -> dict[str, PropertyValue]:
    """Return plain values as the SDK's, those named `secret` as secrets; None is left out.

    Raises `TypeError` for what is not of JSON's types.
    """
    found = {name: _wired(value) for name, value in values.items() if value is not None}
    return {name: value.with_secret(is_secret=True) if name in secret else value for name, value in found.items()}


def _plain(value: PropertyValue) -> Any:
    inner = value.value
    if isinstance(inner, Mapping):
        return plain(inner)
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return [_plain(part) for part in inner]
    return int(inner) if isinstance(inner, float) and inner.is_integer() else inner


def _wired(value: Any) -> PropertyValue:
    if isinstance(value, Mapping):
        return PropertyValue(wired(dict(value)))
    if isinstance(value, list | tuple):
        return PropertyValue([_wired(part) for part in value])
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    return PropertyValue(value)
