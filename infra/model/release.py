"""The release: every version that goes together, in one file per version."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.model.base import Document, entry
from infra.model.charts import Chart, Manifests
from infra.model.texts import Digest, ImageName, ImageTag, OneLine, ProgramVersion, ReleaseVersion, VsphereName

# Broadcom, "Virtual machine hardware versions": 19 came with vSphere 7.0 U2, 20 with 8.0, 21 with 8.0 U2, 22 with 9.0.
HardwareVersion = Annotated[int, Field(ge=19, le=22, strict=True)]


class Program(Document):
    """A program in one version."""

    version: ProgramVersion = entry("Version", "1.36.3")
    """Its version, without a leading v."""
    source: OneLine = entry("Source", "github.com/kubernetes/kubernetes, release v1.36.3")
    """Where it comes from."""


class Image(Document):
    """A container image in one version."""

    image: ImageName = entry("Image", "registry.k8s.io/kube-apiserver")
    """Registry and repository."""
    tag: ImageTag = entry("Tag", "v1.36.3")
    """Tag that the version has in its registry."""
    digest: Digest | None = entry("Digest", "sha256:0123...")
    """Digest of the image's manifest; null until `slipway release pin` has computed it. A real vCenter is not touched
    with a null."""
    source: OneLine = entry("Source", "kubeadm config images list, Kubernetes 1.36.3")
    """Who says that this version goes with the others."""
    in_template: bool = entry("In the template", example=True)
    """Whether the machine template has to hold it, so that a node without internet can boot."""

    @property
    def reference(self) -> str:
        """The image as pods name it: with its digest, if that is known."""
        return f"{self.image}:{self.tag}" + (f"@{self.digest}" if self.digest else "")


class TemplatePrograms(Document):
    """Oldest versions of what the template has to hold besides kubelet and kubeadm, which are the release's own."""

    open_vm_tools: ProgramVersion = entry("open-vm-tools", "12.3")
    """Guest tools: vCenter shuts nodes down and reads their addresses by them."""
    cloud_init: ProgramVersion = entry("cloud-init", "24.1")
    """First boot, with its VMware datasource."""
    containerd: ProgramVersion = entry("containerd", "2.1")
    """Container runtime."""


class MachineTemplate(Document):
    """The contract of the virtual machine templates that nodes may be cloned from."""

    name_pattern: VsphereName = entry("Name pattern", "ubuntu-24.04-kubernetes-1.36.3-*")
    """What the template's name has to look like; `*` stands for any text. Environments name the template itself."""
    guest_id: OneLine = entry("Guest", "ubuntu64Guest")
    """vSphere guest identifier of its operating system."""
    firmware: Literal["efi"] = entry("Firmware", "efi", default="efi")
    """Firmware; GPUs with large memory need EFI, and it can't be changed once the system is installed."""
    hardware_version: HardwareVersion = entry("Hardware version", 20)
    """Virtual hardware version of the nodes; the template's may be older, a clone is upgraded."""
    oldest_hardware_version: Annotated[int, Field(ge=13, le=22, strict=True)] = entry("Oldest hardware version", 17)
    """Oldest virtual hardware version that the template may have."""
    disk_gib: Annotated[int, Field(ge=1, strict=True)] = entry("Disk", 20)
    """Size of its disk, in GiB; no node's disk can be smaller."""
    programs: TemplatePrograms = entry("Programs", {"containerd": "2.1"})
    """Oldest versions of the programs inside."""
    driver_strategy: Literal["operator", "template"] = entry("GPU driver", "operator")
    """Who brings the GPU driver: the GPU `operator` in the cluster, or the `template`."""


class Release(Document):
    """Everything that is pinned together and moves together."""

    version: ReleaseVersion = entry("Version", "2026.11.0")
    """Version of the release, the same as the file's name."""
    programs: dict[OneLine, Program] = entry("Programs", {"pulumi": {"version": "3.259.0"}})
    """Programs that make the environment, on the operator's machine, by name."""
    kubernetes: Program = entry("Kubernetes", {"version": "1.36.3"})
    """Kubernetes: kubelet, kubeadm and the control plane."""
    gpu_driver: Program = entry("GPU driver", {"version": "580.65.06"})
    """NVIDIA's driver in the nodes. Hosts with vGPUs need a driver of a branch that goes with it; `slipway doctor`
    compares them."""
    machine_template: MachineTemplate = entry("Machine template", {"guestId": "ubuntu64Guest"})
    """What the template of the nodes has to be."""
    images: dict[OneLine, Image] = entry("Images", {"kube-apiserver": {"tag": "v1.36.3"}})
    """Container images, by name."""

    charts: dict[OneLine, Chart] = entry("Charts", {"dex": {"version": "0.24.0"}}, default_factory=dict)
    """Helm charts of what runs in the cluster, by the name of the component."""
    manifests: dict[OneLine, Manifests] = entry(
        "Manifests", {"vsphere-csi": {"version": "3.8.0"}}, default_factory=dict
    )
    """Manifests of components that are not published as a chart, by the name of the component."""

    def unpinned(self) -> list[str]:
        """Return the names of what has no digest yet, as `images.pause`, in the order of the document."""
        pinned: dict[str, dict[str, Image] | dict[str, Chart] | dict[str, Manifests]] = {
            "images": self.images,
            "charts": self.charts,
            "manifests": self.manifests,
        }
        return [
            f"{kind}.{name}" for kind, group in pinned.items() for name in sorted(group) if group[name].digest is None
        ]
