"""The alert rules of a layer: `templates/<layer>/rules/<name>.yaml`, each a rule file as Prometheus reads it."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML

from infra.render import TEMPLATES


def rule_groups(layer: str) -> dict[str, dict[str, Any]]:
    """Return the rule files of a layer by name; each is the `spec` of a PrometheusRule."""
    reader = YAML(typ="safe", pure=True)
    return {path.stem: dict(reader.load(path)) for path in sorted((TEMPLATES / layer / "rules").glob("*.yaml"))}
