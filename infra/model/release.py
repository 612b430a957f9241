"""The release: every version that goes together, in one file per version."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.model.base import Document
from infra.model.types import OneLine, ReleaseVersion, VsphereName

# Broadcom, "Virtual machine hardware versions": 19 came with vSphere 7.0 U2, 20 with 8.0, 21 with 8.0 U2, 22 with 9.0.
HardwareVersion = Annotated[int, Field(ge=19, le=22, strict=True)]


class MachineTemplate(Document):
    """The virtual machine template that nodes are cloned from."""

    name: VsphereName = Field(examples=["ubuntu-24.04-kubernetes-2026.11.0"])
    """Name of the template in vCenter."""
    guest_id: OneLine = Field(examples=["ubuntu64Guest"])
    """vSphere guest identifier of its operating system."""
    firmware: Literal["efi"] = "efi"
    """Firmware; GPUs with large memory need EFI, and it can't be changed once the system is installed."""
    hardware_version: HardwareVersion = Field(examples=[20])
    """Virtual hardware version of the nodes."""
    disk_gib: Annotated[int, Field(ge=1, strict=True)] = Field(examples=[20])
    """Size of its disk, in GiB; no node's disk can be smaller."""


class Release(Document):
    """Everything that is pinned together and moves together."""

    version: ReleaseVersion = Field(examples=["2026.11.0"])
    """Version of the release, the same as the file's name."""
    machine_template: MachineTemplate
    """The template of the nodes."""
