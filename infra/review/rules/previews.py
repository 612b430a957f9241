"""Rules on previews: what would happen to resources, and what they would be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.charts.images import images_in
from infra.counting import counted
from infra.model.environment import CONTROL_PLANE
from infra.review.machines import MACHINE
from infra.review.rules.protected_kinds import protected_kind
from infra.review.rules.rule import Found, preview_rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.review.rules.rule import Preview

_MMIO = "pciPassthru.use64bitMMIO"  # the compute layer sets it on every machine with GPUs, vGPUs too
_WORDS = {"delete": "would be deleted", "replace": "would be deleted and made anew"}
_OF_KUBERNETES = "kubernetes:"


@preview_rule(
    "gpu-memory-locked",
    "refuse",
    'A machine with a PCI device does not start unless all its memory is reserved (vSphere 8.0, "Add a PCI Device to a '
    'Virtual Machine"); locked to the maximum, the reservation grows with the memory.',
)
def gpu_memory_locked(preview: Preview) -> Iterator[Found]:
    """Find machines with GPUs that would not have all their memory reserved, or not for good."""
    for urn, inputs in sorted(preview.inputs.items()):
        if f"{MACHINE}::" not in urn or not _has_gpus(inputs):
            continue
        memory, reserved = inputs.get("memory", 0), inputs.get("memoryReservation", 0)
        known = isinstance(memory, int | float) and isinstance(reserved, int | float)
        if known and reserved < memory:
            message = f"has GPUs, and {reserved:g} of {memory:g} MiB of memory reserved; reserve all of it"
            yield Found(preview.subject_of(urn), message)
        elif inputs.get("memoryReservationLockedToMax", False) in (False, "false"):
            message = "has GPUs, and its reservation is not locked to all its memory; set memoryReservationLockedToMax"
            yield Found(preview.subject_of(urn), message)


def _has_gpus(inputs: Mapping[str, Any]) -> bool:
    return bool(inputs.get("pciDeviceIds")) or _MMIO in (inputs.get("extraConfig") or {})


@preview_rule(
    "pinned-images",
    "refuse",
    "Where a bundle is there it knows the digests of its images: one without is not among them, so nobody has checked "
    "it, and a site without internet can't pull it.",
)
def pinned_images(preview: Preview) -> Iterator[Found]:
    """Find objects of Kubernetes whose containers name an image without its digest, where a real bundle is there."""
    if not preview.bundle:
        return
    for urn, inputs in sorted(preview.inputs.items()):
        if not _is_kubernetes(urn):
            continue
        images = sorted(str(image) for image in images_in([inputs]) if not image.digest)
        if images:
            fix = "add it to the release or its charts, and make the bundle anew: ./slipway bundle RELEASE"
            yield Found(preview.subject_of(urn), f"names without a digest: {', '.join(images)}; {fix}")


def _is_kubernetes(urn: str) -> bool:
    """Whether a resource is an object of the API, from its URN: its own type stands behind those of its parents."""
    return urn.rpartition("::")[0].rpartition("$")[2].rpartition("::")[2].startswith(_OF_KUBERNETES)


@preview_rule(
    "deletes-data",
    "refuse",
    "What holds data or identity does not come back when it is made anew: infra/review/rules/protected_kinds.yaml says "
    "of each kind what is lost.",
)
def deletes_data(preview: Preview) -> Iterator[Found]:
    """Find resources that hold data or identity and would be deleted, or deleted and made anew."""
    for change in preview.review.changes:
        kind = protected_kind(change.type)
        if kind is not None and change.operation in kind.operations:
            message = f"{_WORDS[change.operation]}, and with it {kind.holds}; {kind.fix}"
            yield Found(preview.subject(change), message)


@preview_rule(
    "control-plane-at-once",
    "warn",
    "etcd needs most of its members: of three one may be away (etcd, FAQ: fault tolerance table). `slipway up` makes "
    "them anew one by one and waits for each; plain `pulumi up` does not.",
)
def control_plane_at_once(preview: Preview) -> Iterator[Found]:
    """Find a change that deletes more than one control-plane node, or makes more than one anew."""
    beginning = f"{preview.review.environment}-{CONTROL_PLANE}-"
    nodes = sorted(
        change.name
        for change in preview.review.changes
        if change.type == MACHINE and change.name.startswith(beginning) and change.operation in _WORDS
    )
    if len(nodes) > 1:
        message = f"{counted(len(nodes), 'node')} would go ({', '.join(nodes)}); carry it out with slipway up alone"
        yield Found(f"{preview.review.stack}:{CONTROL_PLANE}", message)
