"""What works and may still not be meant: shown, never refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.model.environment import pool_path
from infra.model.rules.finding import Finding
from infra.model.tools import tools_of

# The key that stands in this repository's own environments.
EXAMPLE_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIFoP8EqZN+Kcpf/+8IKQ6DcX/V1Hil+KpXMrBU1YIaiS"
# What tools keep in volumes, which are not copied.
_IN_VOLUMES = {
    "gitea": "repositories",
    "zot": "images",
    "jupyterhub": "people's files",
    "kube-prometheus-stack": "metrics",
}

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.release import Release


def own_warnings(environment: Environment) -> list[Finding]:
    """Return what a person should know about an environment that is accepted, in the order of the document."""
    return [
        *_control_plane(environment),
        *_pools(environment),
        *_first_boot(environment),
        *_unused_clusters(environment),
        *_backups(environment),
    ]


def release_warnings(release: Release) -> list[Finding]:
    """Return what a person should know about a release that is accepted."""
    missing = release.unpinned()
    if not missing:
        return []
    return [
        Finding(
            "images",
            "",
            f"{len(missing)} of images, charts and manifests have no digest: enough for a rehearsal, not for a vCenter",
            f"where there is internet, run: ./slipway release pin {release.version}",
        )
    ]


def _control_plane(environment: Environment) -> Iterator[Finding]:
    machine = environment.control_plane
    if machine.count > 1 and machine.anti_affinity == "none":
        yield Finding(
            "controlPlane.antiAffinity",
            machine.anti_affinity,
            "lets all control-plane nodes run on one host, and go with it",
            "use preferred or required",
        )
    if machine.count > 1 and "controlPlane" not in environment.protected:
        yield Finding("protected", "", "does not name controlPlane", "add it, so that no mistake deletes the cluster")


def _pools(environment: Environment) -> Iterator[Finding]:
    for name, machine in environment.machines().items():
        if machine.count == machine.addresses.size:
            yield Finding(
                f"{pool_path(name)}.addresses",
                str(machine.addresses),
                "has no address left for one more node",
                "widen it now, while the addresses behind it are free",
            )
    for name, pool in sorted(environment.node_pools.items()):
        if pool.count == 0:
            yield Finding(f"nodePools.{name}.count", "0", "makes a pool without nodes", "ask for some, or remove it")
        if pool.count > 1 and pool.roll_policy.max_unavailable >= pool.count:
            yield Finding(
                f"nodePools.{name}.rollPolicy.maxUnavailable",
                str(pool.roll_policy.max_unavailable),
                f"lets all {pool.count} nodes be away at once",
                "use fewer, unless nothing has to go on meanwhile",
            )


def _first_boot(environment: Environment) -> Iterator[Finding]:
    for index, key in enumerate(environment.first_boot.ssh_public_keys):
        if EXAMPLE_KEY in key:
            path = f"firstBoot.sshPublicKeys[{index}]"
            yield Finding(path, "", "is the example's key, and nobody has its other half", "put your team's keys there")
    server = environment.first_boot.api_server
    if server.encryption_at_rest == "none":
        yield Finding(
            "firstBoot.apiServer.encryptionAtRest",
            server.encryption_at_rest,
            "keeps Secrets readable in etcd and its backups",
            "use secretbox",
        )
    if server.audit_level == "none":
        yield Finding(
            "firstBoot.apiServer.auditLevel",
            server.audit_level,
            "leaves no trace of who did what",
            "use metadata",
        )
    for host, mirrors in sorted(environment.first_boot.registry_mirrors.items()):
        for index, mirror in enumerate(mirrors):
            if mirror.startswith("http://"):
                path = f"firstBoot.registryMirrors.{host}[{index}]"
                yield Finding(path, mirror, "sends images unencrypted and unchecked", "use https")


def _unused_clusters(environment: Environment) -> Iterator[Finding]:
    used = {environment.cluster_of(machine) for machine in environment.machines().values()}
    for index, cluster in enumerate(environment.vcenter.clusters):
        if cluster not in used:
            yield Finding(f"vcenter.clusters[{index}]", cluster, "runs no pool", "name it in a pool, or remove it")


def _backups(environment: Environment) -> Iterator[Finding]:
    if environment.platform.backups is None:
        return
    tools = tools_of(environment)
    if environment.platform.copies_repositories:
        tools.pop("gitea", None)
    left = [f"{what} of {tools[name].section}" for name, what in _IN_VOLUMES.items() if name in tools]
    if left:
        reason = f"copies databases and buckets; not copied: {', '.join(left)}"
        yield Finding("platform.backups", "", reason, "snapshot their volumes (docs/restore.md)")
