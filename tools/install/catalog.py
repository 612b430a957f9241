"""Reads `tools.yaml`."""

import platform
import sys
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from tools.install.errors import InstallError

_GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class Embeds(NamedTuple):
    """Files that a main of ours embeds: `files` maps each name to its path in the Go module `module`."""

    module: str
    files: dict[str, str]


class GoBuild(NamedTuple):
    """How a program is compiled: see the head of tools.yaml."""

    module: str
    pinned: str
    package: str
    variables: dict[str, str] = {}  # noqa: RUF012 - never changed
    embeds: Embeds | None = None


class Release(NamedTuple):
    """An official download: a `file`, or an `archive` whose `folder` holds the files (`only` limits them)."""

    checksums: str
    file: str = ""
    archive: str = ""
    folder: str = ""
    only: tuple[str, ...] = ()


class Plugin(NamedTuple):
    """A Pulumi resource plugin that the engine downloads."""

    name: str
    version: str


class Debian(NamedTuple):
    """A Debian package whose Python `module` is run with the packages of the `requirements` file."""

    package: str
    requirements: str
    module: str


class Launcher(NamedTuple):
    """A `script` of this repository; not needed where the official release of `part_of` is installed."""

    script: str
    part_of: str


class Program(NamedTuple):
    """One entry of tools.yaml; when an `optional` one can't be had, that is said but is no failure."""

    name: str
    group: str
    version: str
    go: GoBuild | None
    release: Release | None
    plugin: Plugin | None
    debian: Debian | None
    launcher: Launcher | None
    optional: bool = False


class Catalog(NamedTuple):
    """All programs by name, in the order of the file, and the groups that are installed by default."""

    programs: dict[str, Program]
    default: list[str]


def platform_names() -> tuple[str, str]:
    """Return operating system and processor as Go names them, such as ("linux", "amd64")."""
    machine = platform.machine().lower()
    return sys.platform, _GO_ARCHITECTURES.get(machine, machine)


def read_catalog(file: Path) -> Catalog:
    """Return what `file` says. Raises InstallError when it is not as its head describes."""
    try:
        content = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
        programs = {name: _program(name, entry) for name, entry in content.pop("programs").items()}
        return Catalog(programs=programs, **content)
    except (YAMLError, AttributeError, KeyError, TypeError) as error:
        raise InstallError(f"{file} is not as its head describes: {error}") from error


def _program(name: str, entry: dict[str, Any]) -> Program:
    system, processor = platform_names()
    release = dict(entry.get("release") or {})
    processor_in_release = release.pop("architectures", {}).get(processor, processor)
    names = {"name": name, "version": entry["version"], "os": system, "arch": processor}
    fields = {**_filled(entry, names), "release": _filled(release, {**names, "arch": processor_in_release})}

    def part(kind: type[Any], key: str) -> Any:  # noqa: ANN401 - whichever kind is asked for
        return kind(**fields.pop(key)) if fields.get(key) else fields.pop(key, None)

    if fields.get("go") and fields["go"].get("embeds"):
        fields["go"]["embeds"] = Embeds(**fields["go"]["embeds"])
    parts = {
        "go": part(GoBuild, "go"),
        "release": part(Release, "release") or None,
        "plugin": part(Plugin, "plugin"),
        "debian": part(Debian, "debian"),
        "launcher": part(Launcher, "launcher"),
    }
    return Program(name=name, **fields, **parts)


def _filled(value: Any, names: dict[str, str]) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Return `value` with {version} and the like replaced in every text inside it."""
    if isinstance(value, str):
        return value.format(**names)
    if isinstance(value, dict):
        return {key: _filled(inner, names) for key, inner in value.items()}
    return [_filled(inner, names) for inner in value] if isinstance(value, list) else value
