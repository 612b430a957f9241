"""Rules on documents: what an environment asks for, its release, and the plans of its layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.compute.plan import MIB_PER_GIB
from infra.review.rules.rule import Found, document_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.review.rules.rule import Documents


@document_rule(
    "gpu-memory-reserved",
    "refuse",
    'A machine with a PCI device does not start unless all its memory is reserved (vSphere 8.0, "Add a PCI Device to a '
    'Virtual Machine").',
)
def gpu_memory_reserved(documents: Documents) -> Iterator[Found]:
    """Find pools that ask for GPUs and whose machines would not have all their memory reserved."""
    pools = documents.environment.node_pools
    for plan in documents.compute.pools:
        if plan.name not in pools or pools[plan.name].gpu is None:
            continue
        if plan.memory_reservation_mib < plan.memory_mib:
            kept, asked = plan.memory_reservation_mib / MIB_PER_GIB, plan.memory_mib / MIB_PER_GIB
            fix = f"plan its GPUs: ./slipway fit {documents.environment.name} --write"
            message = f"asks for GPUs, and {kept:g} of {asked:g} GiB of its machines' memory would be reserved; {fix}"
            yield Found(documents.subject(f"nodePools.{plan.name}"), message)


@document_rule(
    "pinned-release",
    "refuse",
    "What has no digest can be another thing tomorrow under the same name, and nobody would see it in a review.",
)
def pinned_release(documents: Documents) -> Iterator[Found]:
    """Find charts, manifests and images without a digest that an environment in production is made of."""
    if not documents.environment.production:
        return
    release = documents.release
    components = [each for plan in documents.layers.values() for each in plan.components]
    used = {f"charts.{each.name}" for each in components if each.chart}
    used |= {f"manifests.{each.name}" for each in components if each.manifests}
    for name in release.unpinned():
        if name.startswith("images.") or name in used:
            fix = f"where there is internet, run: ./slipway release pin {release.version}"
            message = f"has no digest in release {release.version}; {fix}"
            yield Found(documents.subject(f"release.{name}"), message)


@document_rule(
    "one-control-plane-node",
    "refuse",
    "With one control-plane node its loss is the loss of the cluster; etcd bears the loss of one member from three on "
    "(etcd, FAQ: fault tolerance table).",
)
def one_control_plane_node(documents: Documents) -> Iterator[Found]:
    """Find an environment in production with one control-plane node."""
    environment = documents.environment
    if environment.production and environment.control_plane.count == 1:
        yield Found(
            documents.subject("controlPlane.count"),
            "is 1 in production: when that node is lost the cluster is; use 3 (widen controlPlane.addresses for them)",
        )


@document_rule(
    "backups",
    "refuse",
    "Copies inside a cluster go with it: replicas of databases and of the object store protect from the loss of a "
    "node, not from a mistake and not from the loss of the cluster.",
)
def backups(documents: Documents) -> Iterator[Found]:
    """Find an environment in production that keeps data and has no copies outside the cluster."""
    environment, platform = documents.environment, documents.environment.platform
    kept = {"platform.databases": platform.databases, "platform.objectStore": platform.object_store}
    asked = [path for path, section in kept.items() if section is not None]
    if environment.production and asked and platform.backups is None:
        message = f"is missing in production, and {' and '.join(asked)} keep data; name a bucket elsewhere to copy to"
        yield Found(documents.subject("platform.backups"), message)
