"""The alert rules of a layer: `templates/<layer>/rules/<name>.yaml`, each a rule file as Prometheus reads it."""

from __future__ import annotations

from typing import Any

from infra.plain_yaml import read_yaml
from infra.render import TEMPLATES


def rule_groups(layer: str) -> dict[str, dict[str, Any]]:
    """Return the rule files of a layer by name; each is the `spec` of a PrometheusRule."""
    return {
        path.stem: dict(read_yaml(path.read_text(encoding="utf-8")))
        for path in sorted((TEMPLATES / layer / "rules").glob("*.yaml"))
    }
