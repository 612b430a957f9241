"""Identifiers of tag categories and tags by name: the one thing that vCenter has over REST only."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from infra.vsphere.session import Credentials

_ROOT = "/rest/com/vmware/cis"


def category_id(credentials: Credentials, name: str) -> str | None:
    """Return the identifier of a tag category, or None."""
    with _client(credentials) as client:
        for identifier in _value(client.get(f"{_ROOT}/tagging/category")):
            if _value(client.get(f"{_ROOT}/tagging/category/id:{identifier}"))["name"] == name:
                return str(identifier)
    return None


def tag_id(credentials: Credentials, category: str, name: str) -> str | None:
    """Return the identifier of a tag in a category given by its identifier, or None."""
    with _client(credentials) as client:
        listing = f"{_ROOT}/tagging/tag/id:{category}?~action=list-tags-for-category"
        for identifier in _value(client.post(listing)):
            if _value(client.get(f"{_ROOT}/tagging/tag/id:{identifier}"))["name"] == name:
                return str(identifier)
    return None


def _client(credentials: Credentials) -> httpx.Client:
    """Return a client that has logged in; closing it ends its connections, the session ends by its time-out."""
    client = httpx.Client(base_url=f"https://{credentials.server}", verify=ssl.create_default_context(), timeout=60)
    answer = client.post(f"{_ROOT}/session", auth=(credentials.user, credentials.password))
    client.headers["vmware-api-session-id"] = _value(answer)
    return client


def _value(answer: httpx.Response) -> Any:
    answer.raise_for_status()
    return answer.json()["value"]
