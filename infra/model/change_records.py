"""Where changes are recorded and approved before they are carried out: settings, none of them a secret."""

from __future__ import annotations

from typing import Annotated

from infra.model import text_rules
from infra.model.base import Document, entry
from infra.model.texts import CertificatePem, OneLine, Text

SERVICE_URL = Text(
    r"https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?",
    1024,
    "a plain https URL",
    "write for example https://changes.example.internal/api/changes, without a login and without anything behind a ?",
    text_rules.host_rule,
)
ServiceUrl = Annotated[str, SERVICE_URL]


class FolderSettings(Document):
    """A folder with one file per change; the rights to the folder decide who can approve."""

    folder: OneLine = entry("Folder", "stacks/changes", default="stacks/changes")
    """The folder, relative to the repository or absolute."""


class WebhookSettings(Document):
    """A service that keeps the records and is spoken to by HTTPS."""

    url: ServiceUrl | None = entry("URL", "https://changes.example.internal/api/changes", default=None)
    """Where records are made; one record answers below it, under its identifier. The environment variable
    SLIPWAY_CHANGE_RECORDS_URL goes before it."""
    authority: CertificatePem | None = entry("Authority", "-----BEGIN CERTIFICATE-----\n...", default=None)
    """Certificate of the authority that signed the service's own certificate, where this machine does not trust it."""


class ChangeRecordSettings(Document):
    """Where changes are recorded: in one of these places."""

    file: FolderSettings | None = entry("File", {"folder": "stacks/changes"}, default=None)
    """A folder, for a start and for sites that review files."""
    webhook: WebhookSettings | None = entry("Webhook", {"url": "https://changes.example.internal"}, default=None)
    """A service; what requests are signed with is the environment variable SLIPWAY_CHANGE_RECORDS_SECRET, or stands in
    the file that SLIPWAY_CHANGE_RECORDS_SECRET_FILE names."""
