"""Identifiers of tag categories and tags by name: the one thing that vCenter has over REST only."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from infra.vsphere.session import Credentials, VCenterUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@contextmanager
def _client(credentials: Credentials) -> Iterator[httpx.Client]:
    """Log in, yield the client, log out. Raises `VCenterUnusable` when the tagging service does not answer."""
    context = ssl.create_default_context()
    try:
        with httpx.Client(base_url=f"https://{credentials.server}", verify=context, timeout=60) as client:
            answer = client.post(f"{_ROOT}/session", auth=(credentials.user, credentials.password))
            client.headers["vmware-api-session-id"] = _value(answer)
            yield client
            client.delete(f"{_ROOT}/session")
    except httpx.HTTPError as error:
        reason = f"its tagging service does not answer ({error})"
        raise VCenterUnusable(credentials.server, reason, "check that vCenter's services run") from None


def _value(answer: httpx.Response) -> Any:
    answer.raise_for_status()
    return answer.json()["value"]
