"""Tools: each needs others, and what is off is named on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.model.gpu_kinds import gpu_kinds
from infra.model.rules.finding import Finding
from infra.model.tools import Tool, all_tools, section_of, tools_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.release import Release

# What sections outside of the table are called.
_TITLES = {
    "cluster.storage": "volumes",
    "cluster.certificates": "certificates",
    "cluster.gateway": "the gateway",
    "cluster.queues": "queues",
    "cluster.signIn": "sign-in",
}


def tool_rules(environment: Environment) -> Iterator[Finding]:
    """Yield what tools need that an environment does not have, and notebooks that nobody can start."""
    yield from _needs(environment)
    yield from _storage(environment)
    yield from _servers(environment)
    yield from _logins(environment)
    yield from _notebooks(environment)


def tool_release_rules(environment: Environment, release: Release) -> Iterator[Finding]:
    """Yield tools that an environment asks for and its release does not have."""
    for component, tool in tools_of(environment).items():
        wanted = component in release.charts or component not in _with_chart()
        if not wanted:
            fix = "give the environment a release that has it, or leave the section out"
            yield Finding(tool.section, "", f"asks for {tool.title}, and release {release.version} has none", fix)


def _with_chart() -> set[str]:
    return {name for name, tool in all_tools().items() if tool.chart}


def _needs(environment: Environment) -> Iterator[Finding]:
    found: dict[tuple[str, str], list[Tool]] = {}
    for tool in tools_of(environment).values():
        for need in tool.needs:
            if section_of(environment, need) in (None, False):
                found.setdefault((tool.section, need), []).append(tool)
    for (section, need), tools in sorted(found.items()):
        names = " and ".join(tool.title for tool in tools)
        reason = f"({names}) needs {need} ({_title(need)}), which is missing"
        yield Finding(section, "", reason, f"add {need}, or leave {section} out")


def _title(section: str) -> str:
    titles = [tool.title for tool in all_tools().values() if tool.section == section]
    together = " or " if any(tool.choice for tool in all_tools().values() if tool.section == section) else " and "
    return _TITLES.get(section) or together.join(titles)


def _storage(environment: Environment) -> Iterator[Finding]:
    """Yield volumes that no class is the default for: charts ask for volumes without naming one."""
    storage = environment.cluster.storage
    if storage is None or any(each.default for each in storage.classes.values()):
        return
    asking = [tool.title for tool in tools_of(environment).values() if "cluster.storage" in tool.needs]
    if asking:
        reason = f"has no default, and {', '.join(asking)} ask for volumes of the default class"
        yield Finding("cluster.storage.classes", "", reason, "let one of them be the default")


def _servers(environment: Environment) -> Iterator[Finding]:
    """Yield more servers than there are nodes for: two copies on one node would be lost together."""
    databases, store = environment.platform.databases, environment.platform.object_store
    nodes = environment.untainted_workers()
    asked = {
        "platform.databases.instances": databases.instances if databases is not None else 0,
        "platform.objectStore.servers": store.servers if store is not None else 0,
    }
    for path, count in asked.items():
        if count > nodes:
            reason = f"is more than the nodes without taints ({nodes}), and each server wants a node of its own"
            yield Finding(path, str(count), reason, "ask for fewer, or add nodes to a pool without GPUs and taints")


def _logins(environment: Environment) -> Iterator[Finding]:
    backups = environment.platform.backups
    if backups is not None and environment.platform.databases is None and environment.platform.object_store is None:
        reason = "has nothing to copy: platform.databases and platform.objectStore are missing"
        yield Finding("platform.backups", "", reason, "leave it out, or add one of the two")


def _notebooks(environment: Environment) -> Iterator[Finding]:
    asked = environment.toolchain.notebooks
    if asked is None:
        return
    teams = environment.cluster.teams
    if asked.team not in teams:
        fix = f"teams here: {', '.join(sorted(teams)) or 'none'}"
        yield Finding("toolchain.notebooks.team", asked.team, "is no team of cluster.teams", fix)
    kinds = gpu_kinds(environment)
    for name, profile in sorted(asked.profiles.items()):
        if profile.gpu is not None and profile.gpu not in kinds:
            path = f"toolchain.notebooks.profiles.{name}.gpu"
            yield Finding(path, profile.gpu, "no pool has such GPUs", f"kinds here: {', '.join(kinds) or 'none'}")
