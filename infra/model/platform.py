"""What tools stand on: registry, object store, databases, backups, monitoring; each can be left out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.model.base import Document, entry
from infra.model.kubernetes_texts import GroupName, ObjectName
from infra.model.texts import CertificatePem, DomainName, HttpsUrl, OneLine

Size = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Days = Annotated[int, Field(ge=1, le=3650, strict=True)]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]


class Registry(Document):
    """The registry of images, charts and model artefacts."""

    kind: Literal["harbor", "zot"] = entry("Kind", "harbor", default="harbor")
    """Harbor, or zot for small sites: one program without databases, quotas and a scanner's page."""
    storage_gib: Size = entry("Storage", 200)
    """Room for what is pushed, in GiB: a quota of the object store and of each project (Harbor), a volume (zot)."""
    keep_images: Annotated[int, Field(ge=1, le=1000, strict=True)] = entry("Images kept", 20, default=20)
    """How many of the images pushed last are kept of each repository."""
    upstreams: dict[DomainName, HttpsUrl] = entry(
        "Upstreams", {"docker.io": "https://registry-1.docker.io"}, default_factory=dict
    )
    """Registries outside that this one stands in for (proxy cache): images of `docker.io/...` are then to be had as
    `<registry>/docker.io/...`. Where there is no internet, name the site's mirrors; what stands here for `ghcr.io` has
    the scanner's databases (`aquasecurity/trivy-db`, `aquasecurity/trivy-java-db`), too."""


class ObjectStore(Document):
    """Buckets that speak S3 (SeaweedFS)."""

    storage_gib: Size = entry("Storage", 500)
    """Room for what is kept, in GiB, on each of its servers."""
    servers: Annotated[int, Field(ge=1, le=64, strict=True)] = entry("Servers", 3, default=1)
    """How many servers keep data; from two on everything is kept twice."""


class Databases(Document):
    """PostgreSQL for the tools that need it (CloudNativePG)."""

    instances: Annotated[int, Field(ge=1, le=9, strict=True)] = entry("Instances", 3, default=1)
    """How many servers have all the data; one of them takes the writes."""
    storage_gib: Size = entry("Storage", 20)
    """Room for all databases together, in GiB, on each server."""


class Backups(Document):
    """Copies of databases and buckets outside the cluster: in a bucket of somebody else's S3."""

    endpoint: HttpsUrl = entry("Endpoint", "https://s3.example.internal")
    """Where the S3 answers that keeps them."""
    authority: CertificatePem | None = entry("Authority", "-----BEGIN CERTIFICATE-----\n...", default=None)
    """Certificate of the authority that signed the S3's own certificate, where it is not a public one."""
    region: OneLine = entry("Region", "eu-central-1", default="us-east-1")
    """Its region; many take any."""
    bucket: ObjectName = entry("Bucket", "slipway-dev-backups")
    """The bucket, which has to be there."""
    user: OneLine = entry("Access key", "slipway-dev")
    """Name of the access key; its secret is the stack's setting `backupSecretKey`."""
    keep_days: Days = entry("Days kept", 30, default=30)
    """How long copies of databases are kept, and of what is no more in buckets, in days."""


class Email(Document):
    """Mail to people when something is wrong."""

    server: DomainName = entry("Server", "mail.example.internal")
    """Mail server; it is spoken to with STARTTLS."""
    port: Port = entry("Port", 587, default=587)
    """Its port."""
    sender: OneLine = entry("Sender", "slipway@example.com")
    """Who the mails are from."""
    to: list[OneLine] = entry("To", ["platform-team@example.com"], min_length=1, max_length=50)
    """Who gets them."""
    user: OneLine | None = entry("User", "slipway", default=None)
    """Login at the mail server, where it wants one; its password is the stack's setting `mailPassword`."""


class Alerts(Document):
    """Where alerts go."""

    email: Email | None = entry("E-mail", {"server": "mail.example.internal"}, default=None)
    """Mail to people."""
    webhook: bool = entry("Webhook", example=True, default=False)
    """Whether they are posted to a URL, too: the stack's setting `alertWebhook`, as such URLs are secrets."""


class Logs(Document):
    """What all pods say, kept and searched (Loki)."""

    keep_days: Days = entry("Days kept", 14, default=14)
    """How long, in days."""


class Monitoring(Document):
    """Figures, alerts and dashboards (Prometheus, Alertmanager, Grafana)."""

    storage_gib: Size = entry("Storage", 50)
    """Room for figures, in GiB."""
    keep_days: Days = entry("Days kept", 15, default=15)
    """How long figures are kept, in days, if there is room."""
    alerts: Alerts = entry("Alerts", {"webhook": True}, default_factory=Alerts)
    """Where alerts go; without any they are seen in Alertmanager alone."""
    logs: Logs | None = entry("Logs", {"keepDays": 14}, default=None)
    """What pods say; without it it is not kept."""
    viewers: list[GroupName] = entry("Viewers", ["ml-engineers"], default_factory=list, max_length=100)
    """Groups that may look at dashboards, beside those with access to the cluster and the teams."""


class Platform(Document):
    """What tools stand on."""

    registry: Registry | None = entry("Registry", {"kind": "harbor", "storageGiB": 200}, default=None)
    """Images, charts and model artefacts."""
    object_store: ObjectStore | None = entry("Object store", {"storageGiB": 500}, default=None)
    """Buckets that speak S3."""
    databases: Databases | None = entry("Databases", {"storageGiB": 20}, default=None)
    """PostgreSQL."""
    backups: Backups | None = entry("Backups", {"bucket": "slipway-dev-backups"}, default=None)
    """Copies outside the cluster; without them what is lost here is lost."""
    monitoring: Monitoring | None = entry("Monitoring", {"storageGiB": 50}, default=None)
    """Figures, alerts, dashboards, logs."""

    @property
    def copies_repositories(self) -> bool:
        """Whether repositories of code are copied: by way of a bucket, as that is copied out of the cluster."""
        return self.backups is not None and self.object_store is not None
