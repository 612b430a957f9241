"""What a machine template has to be: the notes that its build writes into it, and what differs from a release. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.model.release import Release

NO_DRIVER = "none"


@dataclass(frozen=True)
class FoundTemplate:
    """A template as vCenter has it: `hardware_version` as a number, `disk_gib` of its first disk, `notes` as text."""

    path: str
    guest_id: str
    firmware: str
    hardware_version: int
    disk_gib: int
    notes: str


@dataclass(frozen=True)
class Difference:
    """Something in which a template is not what its release asks for."""

    what: str
    found: str
    wanted: str

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.what} is {self.found or 'not said'}, the release wants {self.wanted}"


def wanted_notes(release: Release) -> dict[str, Any]:
    """Return what a template's notes have to say at least, as the mapping that they are."""
    programs = release.machine_template.programs
    return {
        "kubelet": release.kubernetes.version,
        "kubeadm": release.kubernetes.version,
        "containerd": programs.containerd,
        "open-vm-tools": programs.open_vm_tools,
        "cloud-init": programs.cloud_init,
        "gpu-driver": wanted_driver(release),
        "images": template_images(release),
    }


def wanted_driver(release: Release) -> str:
    """Return the version of the GPU driver that the template has to hold, or `none`."""
    return NO_DRIVER if release.machine_template.driver_strategy == "operator" else release.gpu_driver.version


def template_images(release: Release) -> list[str]:
    """Return the images that the template has to hold, as `image:tag`, sorted."""
    return sorted(f"{image.image}:{image.tag}" for image in release.images.values() if image.in_template)


def template_differences(found: FoundTemplate, release: Release) -> list[Difference]:
    """Return everything in which a template is not what the release asks for."""
    return [*_hardware(found, release), *_contents(found, release)]


def _hardware(found: FoundTemplate, release: Release) -> Iterator[Difference]:
    wanted = release.machine_template
    if found.guest_id != wanted.guest_id:
        yield Difference("guest", found.guest_id, wanted.guest_id)
    if found.firmware != wanted.firmware:
        yield Difference("firmware", found.firmware, wanted.firmware)
    if not wanted.oldest_hardware_version <= found.hardware_version <= wanted.hardware_version:
        allowed = f"{wanted.oldest_hardware_version} to {wanted.hardware_version}"
        yield Difference("hardware version", str(found.hardware_version), allowed)
    if found.disk_gib > wanted.disk_gib:
        yield Difference("disk", f"{found.disk_gib} GiB", f"{wanted.disk_gib} GiB or less")


def _contents(found: FoundTemplate, release: Release) -> Iterator[Difference]:
    said = _read_notes(found.notes)
    if said is None:
        yield Difference("notes", "no list of what is inside", "those that its build writes")
        return
    wanted = wanted_notes(release)
    for program in ("kubelet", "kubeadm"):
        if str(said.get(program, "")) != wanted[program]:
            yield Difference(program, str(said.get(program, "")), wanted[program])
    for program in ("containerd", "open-vm-tools", "cloud-init"):
        version = str(said.get(program, ""))
        if _numbers(version) < _numbers(wanted[program]):
            yield Difference(program, version, f"{wanted[program]} or newer")
    driver = str(said.get("gpu-driver", NO_DRIVER))
    if driver != wanted["gpu-driver"]:
        yield Difference("gpu-driver", driver, _driver_wanted(release))
    images = said.get("images") or []
    for image in template_images(release):
        if image not in images:
            yield Difference(f"image {image}", "missing", "it inside")


def _driver_wanted(release: Release) -> str:
    driver = wanted_driver(release)
    return "none: the GPU operator brings it" if driver == NO_DRIVER else f"{driver}: nobody else brings it"


def _read_notes(notes: str) -> Mapping[str, Any] | None:
    try:
        said = YAML(typ="safe", pure=True).load(notes)
    except (YAMLError, ValueError):  # a date that is none is a ValueError
        return None
    return said if isinstance(said, dict) and "kubelet" in said else None


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, so that 12.10 is newer than 12.9."""
    return tuple(int(part) for part in re.findall(r"[0-9]+", version.partition("-")[0]))
