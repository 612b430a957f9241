"""Objects held against the real definitions of their kinds, without an API server: what it would refuse or drop."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema
import yaml

from rehearsal.contract.reference import real_definition, reference_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUILT_IN = ("apps", "batch", "rbac.authorization.k8s.io", "networking.k8s.io", "policy", "storage.k8s.io", "v1")

_KIND = re.compile(r"\blistKind: (\w+)List\b")


@cache
def _definitions() -> dict[tuple[str, str], str]:
    """Return the names of the real definitions there are, by group and kind."""
    folder = reference_folder("crds")
    found = {}
    for file in sorted(folder.glob("*/*/*.yaml")) if folder is not None else []:
        text = file.read_text(encoding="utf-8")
        kinds = _KIND.findall(text) or [yaml.load(text, Loader=yaml.CSafeLoader)["spec"]["names"]["kind"]]
        found[file.stem.partition(".")[2], kinds[0]] = file.stem
    return found


@cache
def _schema(name: str, version: str) -> dict[str, Any] | None:
    file = real_definition(name)
    if file is None:
        return None
    definition = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    found = [each for each in definition["spec"]["versions"] if each["name"] == version]
    return _plain(found[0]["schema"]["openAPIV3Schema"]) if found else None


def _plain(schema: Any) -> Any:
    """Return a schema as JSON Schema has it: what an API server adds to the language is said in its words."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _plain(value) for key, value in schema.items() if not key.startswith("x-") and key != "format"}
    if schema.get("x-kubernetes-int-or-string"):
        found = {key: value for key, value in found.items() if key not in ("type", "anyOf", "pattern")}
    if found.get("nullable"):
        found.pop("type", None)
    return found


def problems(manifest: dict[str, Any]) -> list[str] | None:
    """Return what is wrong with an object, or None where the real definition of its kind is not at hand."""
    group, _, version = manifest["apiVersion"].rpartition("/")
    if not group or group in _BUILT_IN:
        return None
    name = _definitions().get((group, manifest["kind"]))
    if name is None:
        return None
    schema = _schema(name, version)
    if schema is None:
        return [f"{name} has no version {version}"]
    validator = jsonschema.Draft7Validator(schema)
    wrong = [
        f"{'.'.join(str(p) for p in each.absolute_path)}: {each.message}" for each in validator.iter_errors(manifest)
    ]
    return [*wrong, *(f"{path}: unknown" for path in _unknown(manifest, _raw(name, version)))]


@cache
def _raw(name: str, version: str) -> dict[str, Any]:
    file = real_definition(name)
    assert file is not None
    definition = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    found = next(each for each in definition["spec"]["versions"] if each["name"] == version)
    return dict(found["schema"]["openAPIV3Schema"])


def _unknown(value: Any, schema: Any, path: str = "") -> Iterator[str]:
    """Yield what an API server would drop: keys that a definition does not have."""
    if not isinstance(schema, dict) or schema.get("x-kubernetes-preserve-unknown-fields"):
        return
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _unknown(each, schema.get("items"), f"{path}[{index}]")
    elif isinstance(value, dict):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        for key, each in value.items():
            here = f"{path}.{key}" if path else key
            if not path and key in ("apiVersion", "kind", "metadata"):
                continue
            if key in properties:
                yield from _unknown(each, properties[key], here)
            elif isinstance(others, dict):
                yield from _unknown(each, others, here)
            elif not others and not schema.get("x-kubernetes-embedded-resource"):
                yield here
