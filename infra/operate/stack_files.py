"""The stack files of an environment: `stacks/Pulumi.<environment>.<layer>.yaml`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

if TYPE_CHECKING:
    from pathlib import Path


def stack_file(root: Path, stack: str) -> Path:
    """Return the file of a stack, named `<environment>.<layer>`, in a checkout."""
    return root / "stacks" / f"Pulumi.{stack}.yaml"


def stack_settings(root: Path, stack: str) -> dict[str, Any]:
    """Return a stack's settings as they stand in its file, secrets encrypted; none without a file."""
    file = stack_file(root, stack)
    content = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8")) if file.exists() else None
    return dict((content or {}).get("config") or {})
