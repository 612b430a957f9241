"""What a pod needs before it starts: Secrets and ConfigMaps that it mounts or reads, unless they are optional."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.machines.api import Api

_PLURALS = {"Secret": "secrets", "ConfigMap": "configmaps"}
_NAME_KEYS = {"secret": ("Secret", "secretName"), "configMap": ("ConfigMap", "name")}


def what_is_missing(api: Api, pod: dict[str, Any]) -> str:
    """Return what a pod waits for, or nothing. Raises `httpx.HTTPError`; a node may read what its pods need alone."""
    for kind, name in sorted(set(needs(pod["spec"]))):
        if api.get(f"/api/v1/namespaces/{pod['metadata']['namespace']}/{_PLURALS[kind]}/{name}") is None:
            return f'{kind} "{name}" not found'
    return ""


def needs(spec: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield kind and name of what a pod can't do without."""
    for volume in spec.get("volumes", []):
        yield from _of_volume(volume)
        for source in volume.get("projected", {}).get("sources", []):
            yield from _of_reference(source.get("secret"), "Secret")
            yield from _of_reference(source.get("configMap"), "ConfigMap")
    for container in (*spec["containers"], *spec.get("initContainers", [])):
        for source in container.get("envFrom", []):
            yield from _of_reference(source.get("secretRef"), "Secret")
            yield from _of_reference(source.get("configMapRef"), "ConfigMap")
        for variable in container.get("env", []):
            source = variable.get("valueFrom", {})
            yield from _of_reference(source.get("secretKeyRef"), "Secret")
            yield from _of_reference(source.get("configMapKeyRef"), "ConfigMap")


def _of_volume(volume: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, (kind, name) in _NAME_KEYS.items():
        if key in volume and not volume[key].get("optional"):
            yield kind, volume[key][name]


def _of_reference(reference: dict[str, Any] | None, kind: str) -> Iterator[tuple[str, str]]:
    if reference and not reference.get("optional"):
        yield kind, reference["name"]
