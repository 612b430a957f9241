"""What an environment asks of its release."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from infra.model.environment import pool_path
from infra.model.rules.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.release import Release


def release_refusals(release: Release) -> list[Finding]:
    """Return what is wrong with a release by itself, whose fields are well-formed."""
    template = release.machine_template
    if template.oldest_hardware_version <= template.hardware_version:
        return []
    return [
        Finding(
            "machineTemplate.oldestHardwareVersion",
            str(template.oldest_hardware_version),
            f"is newer than the nodes' own (machineTemplate.hardwareVersion, {template.hardware_version})",
            f"use {template.hardware_version} or less: a clone is upgraded, never downgraded",
        )
    ]


def release_rules(environment: Environment, release: Release) -> Iterator[Finding]:
    """Yield what an environment asks that its release does not allow."""
    template = release.machine_template
    name = environment.vcenter.template.rpartition("/")[2]
    if not fnmatchcase(name, template.name_pattern):
        yield Finding(
            "vcenter.template",
            environment.vcenter.template,
            f"does not fit machineTemplate.namePattern of release {release.version} ({template.name_pattern})",
            "name a template that was built for that release",
        )
    for pool, machine in environment.machines().items():
        if machine.disk_gib < template.disk_gib:
            yield Finding(
                f"{pool_path(pool)}.diskGiB",
                str(machine.disk_gib),
                f"is smaller than the template's disk ({template.disk_gib} GiB, release {release.version})",
                f"use {template.disk_gib} or more",
            )
