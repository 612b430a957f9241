"""How requests of change records are signed, so that the service knows who asks and that nothing was changed. Pure.

HMAC-SHA-256 (RFC 2104) with a secret that both sides have, over the time, the method, the path and the body, each on a
line of its own. A service compares in constant time, and refuses what was signed more than a few minutes ago: nobody
can then send an old request again.
"""

from __future__ import annotations

import hashlib
import hmac

TIMESTAMP_HEADER = "Slipway-Timestamp"  # seconds since 1970
SIGNATURE_HEADER = "Slipway-Signature"  # `v1=` and 64 hexadecimal digits
SHORTEST_SECRET = 32  # bytes: RFC 2104, section 3: less than the hash's own length weakens it


def signature(secret: bytes, timestamp: str, method: str, path: str, body: bytes) -> str:
    """Return the value of the signature header; `path` is as it is sent, with what may stand behind a `?`."""
    signed = f"{timestamp}\n{method}\n{path}\n".encode() + body
    return f"v1={hmac.new(secret, signed, hashlib.sha256).hexdigest()}"
