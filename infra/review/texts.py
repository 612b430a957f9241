"""The texts that an environment is made of, as far as people read them: first-boot documents, values, objects. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from infra.compute.plan import plan_compute
from infra.layer_plans import layer_plans

if TYPE_CHECKING:
    from infra.components.component import Component, Manifest
    from infra.model.environment import Environment
    from infra.model.release import Release

_WIDTH = 110  # characters of a line


def texts_of(environment: Environment, release: Release) -> dict[str, str]:
    """Return every text by its name, as `values of harbor`; secrets are no part of them, but their names are."""
    found: dict[str, str] = {}
    for node in plan_compute(environment, release).nodes:
        found[f"first boot of {node.name}: user-data"] = node.user_data
        found[f"first boot of {node.name}: network"] = node.metadata
    for plan in layer_plans(environment, release).values():
        for component in plan.components:
            found |= _of_component(component)
    return found


def _of_component(component: Component) -> dict[str, str]:
    found = {f"{component.name}: values": _written(component.values)} if component.values else {}
    for each in (*component.before, *component.after):
        found[f"{component.name}: {_name(each)}"] = _written(each)
    for secret in component.secrets:
        place = f"{secret.namespace or component.namespace}/{secret.name}"
        about = {"type": secret.type, "filled from": list(secret.sources)}
        found[f"{component.name}: Secret {place}"] = _written(about)
    return found


def _name(manifest: Manifest) -> str:
    metadata = manifest["metadata"]
    place = "/".join(part for part in (metadata.get("namespace"), metadata["name"]) if part)
    return f"{manifest['kind']} {place}"


class _Dumper(yaml.CSafeDumper):  # type: ignore[misc]
    """Writes texts of several lines as people write them."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401
        """Write everything out, as nothing in a document refers to another part."""
        del data
        return True


def _text(dumper: yaml.CSafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(tuple, lambda dumper, value: dumper.represent_list(value))


def _written(value: Any) -> str:  # noqa: ANN401
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=True, width=_WIDTH, default_flow_style=False))
