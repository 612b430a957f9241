"""Times as the API writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def api_time() -> str:
    """Return the time now, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def precise_api_time() -> str:
    """Return the time now, to the microsecond, as Leases have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
