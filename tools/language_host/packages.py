"""Which provider plugins the packages installed beside a program ask for."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple


class RequiredPackage(NamedTuple):
    """A provider plugin: `version` is "v1.2.3" or empty for any; `server` is its address or empty."""

    name: str
    version: str
    server: str


def required_packages(site_packages: Iterable[Path]) -> list[RequiredPackage]:
    """Return the plugins that the packages in these folders declare (`pulumi-plugin.json`), ordered by name.

    Reads only those files, not the whole list of installed distributions. Raises ValueError, naming the file,
    when one is not valid JSON.
    """
    declarations = [file for folder in site_packages for file in folder.glob("*/pulumi-plugin.json")]
    return sorted({package for file in declarations if (package := _read(file)) is not None})


def is_installed(package: RequiredPackage, environment: Mapping[str, str]) -> bool:
    """Tell whether the engine has a plugin for `package` in its own folder of plugins, in whatever version."""
    home = Path(environment.get("PULUMI_HOME") or Path.home() / ".pulumi")
    return any((home / "plugins").glob(f"resource-{package.name}-v*"))


def _read(declaration: Path) -> RequiredPackage | None:
    try:
        fields = json.loads(declaration.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{declaration} is not valid JSON: {error}") from error
    if not fields.get("resource"):
        return None
    name = fields.get("name") or declaration.parent.name.removeprefix("pulumi_").replace("_", "-")
    version = fields.get("version", "").removeprefix("v")
    return RequiredPackage(name, f"v{version}" if version else "", fields.get("server", ""))
