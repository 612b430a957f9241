"""The S3 outside of the cluster that keeps copies: as whom it is asked, and whom it is trusted by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.components.component import Manifest, manifest

if TYPE_CHECKING:
    from infra.model.platform import Backups

BACKUP_KEY = "slipway:backupSecretKey"
AUTHORITY, AUTHORITY_KEY = "backup-authority", "ca.crt"  # a Secret of its own, and the certificate's key in it
DATABASES, BUCKETS, REPLACED = "databases", "buckets", "replaced"  # folders in the bucket outside


def authority_secret(asked: Backups, namespace: str) -> tuple[Manifest, ...]:
    """Return the Secret with the certificate of the authority that signed the S3's, where a document names one.

    A certificate is nothing secret; CloudNativePG reads it from Secrets alone.
    """
    if asked.authority is None:
        return ()
    data = {AUTHORITY_KEY: asked.authority.strip() + "\n"}
    return (manifest("Secret", "v1", AUTHORITY, namespace, type="Opaque", stringData=data),)
