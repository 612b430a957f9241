"""Names and types of properties, taken from the installed `pulumi_vsphere`: it has them from the official schema.

Importing that package costs a good part of a second, so a rehearsal keeps the types in a file, made once per version,
and the plugin reads that alone.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args, get_origin

from rehearsal.vsphere_plugin.differences import tokens

TypeTree = dict[str, Any]  # {"scalar": name}, {"list": tree}, {"map": tree}, {"object": {property: tree}} or {}

_FOLDER = Path(__file__).resolve().parents[2] / ".tools" / "rehearsal"
_SCALARS = {str: "text", int: "whole number", float: "number", bool: "true or false"}


@cache
def input_types(token: str) -> TypeTree:
    """Return the input properties of a served resource token, as an object's type tree; the file has to be there."""
    types: TypeTree = json.loads(types_file().read_text(encoding="utf-8"))[token]
    return types


def types_file() -> Path:
    """Return the file of the installed version's types, for the tokens that are served now."""
    served = hashlib.sha256(" ".join(sorted(tokens())).encode()).hexdigest()[:8]
    return _FOLDER / f"pulumi-vsphere-{version('pulumi-vsphere')}-{served}-types.json"


def write_types(file: Path) -> None:
    """Write the types of all served tokens from the installed package; a reader never sees half a file."""
    import pulumi_vsphere  # noqa: PLC0415 - slow: see the module's docstring

    types = {token: _object(getattr(pulumi_vsphere, f"{token.rpartition(':')[2]}Args")) for token in sorted(tokens())}
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{id(types)}.draft")
    draft.write_text(json.dumps(types, indent=1, sort_keys=True), encoding="utf-8")
    draft.rename(file)


def _object(arguments: type) -> TypeTree:
    from pulumi._types import input_type_py_to_pulumi_names, input_type_types  # noqa: PLC0415 - slow

    names = input_type_py_to_pulumi_names(arguments)
    types = input_type_types(arguments)
    return {"object": {names[name]: _tree(types.get(names[name], types.get(name))) for name in sorted(names)}}


def _tree(annotation: Any) -> TypeTree:
    from pulumi._types import unwrap_type  # noqa: PLC0415 - slow

    kind = unwrap_type(annotation)
    origin = get_origin(kind)
    if getattr(origin, "__name__", "") in ("list", "Sequence"):
        return {"list": _tree(get_args(kind)[0])}
    if getattr(origin, "__name__", "") in ("dict", "Mapping"):
        return {"map": _tree(get_args(kind)[1])}
    if isinstance(kind, type) and hasattr(kind, "_pulumi_input_type"):
        return _object(kind)
    return {"scalar": _SCALARS[kind]} if kind in _SCALARS else {}
