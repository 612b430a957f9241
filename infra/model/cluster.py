"""What runs in the cluster before anybody deploys to it: one section per component, optional ones can be left out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.model.access import Access, SignIn
from infra.model.addresses import Address
from infra.model.base import Document, entry
from infra.model.kubernetes_texts import NamespaceName, ObjectName
from infra.model.teams import Team
from infra.model.texts import CertificatePem, DomainName, HttpsUrl, ImageName, OneLine, VsphereName

# RFC 6996: private AS numbers are 64512-65534 and 4200000000-4294967294; others belong to somebody.
AutonomousSystem = Annotated[int, Field(ge=1, le=4294967294, strict=True)]


class BgpPeer(Document):
    """A router that learns the load-balancer addresses."""

    address: Address = entry("Address", "10.20.0.1")
    """The router's address."""
    asn: AutonomousSystem = entry("AS number", 64512)
    """The router's autonomous system number."""


class Bgp(Document):
    """How load-balancer addresses are announced by BGP."""

    local_asn: AutonomousSystem = entry("AS number", 64513)
    """The nodes' autonomous system number."""
    peers: list[BgpPeer] = entry("Peers", [{"address": "10.20.0.1", "asn": 64512}], min_length=1, max_length=16)
    """The routers."""


class ClusterNetwork(Document):
    """The network inside the cluster (Cilium), and how load-balancer addresses are found from outside."""

    bgp: Bgp | None = entry("BGP", {"localAsn": 64513}, default=None)
    """Announce load-balancer addresses to routers by BGP; without it they are announced on the node network itself
    (layer 2)."""


class StorageClass(Document):
    """A kind of volumes that can be asked for."""

    policy: VsphereName = entry("Storage policy", "gold")
    """VM storage policy that the volumes follow; it has to exist in vCenter."""
    default: bool = entry("Default", example=True, default=False)
    """Whether volumes that name no class are of this one."""
    reclaim: Literal["delete", "retain"] = entry("Reclaim", "delete", default="delete")
    """What becomes of a volume when its claim goes."""
    file_system: Literal["ext4", "xfs"] = entry("File system", "ext4", default="ext4")
    """File system of the volumes."""


class VolumeStorage(Document):
    """Volumes on vSphere (the vSphere CSI driver)."""

    classes: dict[ObjectName, StorageClass] = entry("Classes", {"standard": {"policy": "gold"}}, min_length=1)
    """Storage classes by name."""


class Acme(Document):
    """An authority that speaks ACME, proved by DNS records that are written by dynamic updates (RFC 2136)."""

    server: HttpsUrl = entry("Directory", "https://acme.example.internal/directory")
    """URL of the authority's directory."""
    email: OneLine = entry("E-mail", "platform-team@example.com")
    """Who is told when a certificate is about to end."""
    nameserver: Address = entry("DNS server", "10.20.0.2")
    """Address of the DNS server that takes the updates."""
    authority: CertificatePem | None = entry("Authority", "-----BEGIN CERTIFICATE-----\n...", default=None)
    """Certificate of the authority that signed the directory's own certificate, where it is not a public one."""
    key_name: ObjectName = entry("TSIG key", "slipway-dev")
    """Name of the TSIG key (HMAC-SHA256) of the updates; its secret is the stack's setting `acmeKey`."""


class Certificates(Document):
    """Certificates inside the cluster (cert-manager). Without `acme` or `authority` an authority of its own is made."""

    acme: Acme | None = entry("ACME", {"server": "https://acme.example.internal/directory"}, default=None)
    """The site's issuer, by ACME."""
    authority: CertificatePem | None = entry("Authority", "-----BEGIN CERTIFICATE-----\n...", default=None)
    """Certificate of an authority of the site that this cluster may sign with; its key is the stack's setting
    `authorityKey`."""


class Gateway(Document):
    """The way in from outside (Envoy Gateway)."""

    domain: DomainName = entry("Domain", "apps.dev.example.internal")
    """Everything that is reached from outside is named below this domain; `*.<domain>` has to lead to the gateway's
    address."""
    address: Address | None = entry("Address", "10.20.0.200", default=None)
    """The gateway's address, out of network.loadBalancers; without it the first free one is taken."""


class GpuSoftware(Document):
    """What makes GPUs usable in pods (NVIDIA GPU operator)."""

    driver_image: ImageName | None = entry(
        "Driver image", "registry.example.internal/nvidia/vgpu-guest-driver", default=None
    )
    """Image of the driver, without tag. vGPUs need NVIDIA's guest driver, which everybody has to build for a registry
    of their own; without it NVIDIA's public driver is taken, which serves whole GPUs."""
    driver_registry_user: OneLine | None = entry("Driver registry user", "puller", default=None)
    """User that the driver's image is pulled with, where its registry wants a login; the password is the stack's
    setting `gpuRegistryPassword`."""
    mig_strategy: Literal["none", "single", "mixed"] = entry("MIG strategy", "single", default="single")
    """How slices of GPUs that are cut inside a node are offered; vGPUs that vSphere cut by MIG are whole ones here."""
    metrics: bool = entry("Metrics", example=True, default=True)
    """Whether every GPU's figures are exported (DCGM exporter)."""


class Cluster(Document):
    """What runs in the cluster before anybody deploys to it."""

    network: ClusterNetwork = entry("Network", {"bgp": None}, default_factory=ClusterNetwork)
    """The network inside the cluster."""
    storage: VolumeStorage | None = entry("Storage", {"classes": {"standard": {"policy": "gold"}}}, default=None)
    """Volumes; without it there are none."""
    certificates: Certificates | None = entry("Certificates", {"acme": None}, default_factory=Certificates)
    """Certificates; null for none."""
    gateway: Gateway | None = entry("Gateway", {"domain": "apps.dev.example.internal"}, default=None)
    """The way in from outside; without it there is none."""
    metrics: bool = entry("Metrics", example=True, default=True)
    """Whether `kubectl top` and autoscaling have figures (metrics-server)."""
    gpu: GpuSoftware | None = entry("GPU software", {"migStrategy": "single"}, default_factory=GpuSoftware)
    """What makes GPUs usable in pods, where there are any; null to leave them to somebody else."""
    queues: bool = entry("Queues", example=True, default=True)
    """Whether GPU work is queued by the teams' quotas (Kueue)."""
    teams: dict[NamespaceName, Team] = entry(
        "Teams", {"research": {"namespaces": {"research": {}}}}, default_factory=dict
    )
    """Who uses the cluster, by name of the team."""
    access: Access = entry("Access", {"administrators": ["platform-admins"]}, default_factory=Access)
    """Which groups may do what in the whole cluster."""
    sign_in: SignIn | None = entry("Sign-in", {"ldap": {"host": "ldap.example.internal"}}, default=None)
    """The issuer of people's tokens (Dex); without it firstBoot.apiServer.oidc names somebody else's."""
