"""How documents travel to cloud-init through a virtual machine's extra configuration (its VMware datasource)."""

from __future__ import annotations

import base64
import gzip

ENCODING = "gzip+base64"  # cloud-init, "VMware datasource": guestinfo.<key>.encoding
METADATA = "guestinfo.metadata"
USER_DATA = "guestinfo.userdata"
NODE_STATE = "guestinfo.slipway.node"  # what a machine tells of its way into the cluster
JOINED = "joined"  # begins that, once it has arrived; the time follows
IDENTITY = "guestinfo.slipway.identity"  # secret files: not cloud-init's, templates/machine/join_cluster.py takes them


def guest_info(metadata: str, user_data: str) -> dict[str, str]:
    """Return the extra configuration that hands two documents over."""
    return {
        METADATA: packed(metadata),
        f"{METADATA}.encoding": ENCODING,
        USER_DATA: packed(user_data),
        f"{USER_DATA}.encoding": ENCODING,
    }


def packed(document: str) -> str:
    """Return a document as gzip+base64; the same text always gives the same bytes (no time in the gzip header)."""
    return base64.b64encode(gzip.compress(document.encode(), mtime=0)).decode()


def unpacked(value: str) -> str:
    """Return the document that `packed` made a value from. Raises `ValueError` for another kind of value."""
    if not value:
        raise ValueError("is empty, not gzip+base64")
    try:
        return gzip.decompress(base64.b64decode(value, validate=True)).decode()
    except (OSError, EOFError) as error:
        raise ValueError(f"is not gzip+base64: {error}") from error
