"""Plans as texts that people read, for golden files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.components.component import Component


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Writes texts of several lines as people write them."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def documents_of(component: Component) -> list[Any]:
    """Return everything of a component: values, Secrets filled with the names of their sources, objects."""
    secrets = {s.name: s.fill({name: f"<{name}>" for name in s.sources}) for s in component.secrets}
    parts = {"needs": list(component.needs), "values": component.values, "secrets": secrets}
    parts["generated"] = component.generated
    about: dict[str, Any] = {"component": component.name, "namespace": component.namespace}
    about |= {key: json.loads(json.dumps(value)) for key, value in parts.items() if value}
    return [about, *component.before, *component.after]


def as_text(documents: Iterable[Any]) -> str:
    """Return documents as one text."""
    plain = json.loads(json.dumps(list(documents)))
    return str(yaml.dump_all(plain, Dumper=_Dumper, sort_keys=True, width=110, default_flow_style=False, indent=2))
