"""Fetching over HTTP from those who publish charts, manifests and images."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from infra.charts.not_available import NotAvailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TIMEOUT = 30  # seconds


@dataclass(frozen=True)
class Publisher:
    """A server that things are fetched from; `name` is what messages call it, as in "its registry"."""

    name: str
    client: httpx.Client

    def answer(
        self, url: str, headers: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Return what a URL answers, whatever it is. Raises `NotAvailable` when there is no whole answer."""
        try:
            return self.client.get(url, headers=headers, params=params)
        except httpx.RemoteProtocolError as error:
            raise NotAvailable(f"{self.name} breaks off ({error})") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotAvailable(f"{self.name} does not answer ({error})") from None

    def content(self, url: str) -> bytes:
        """Return what stands at a URL. Raises `NotAvailable`."""
        return self.accepted(self.answer(url)).content

    def accepted(self, answer: httpx.Response) -> httpx.Response:
        """Return an answer that brings what was asked for. Raises `NotAvailable` for another one."""
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotAvailable(f"{self.name} does not have it")
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise NotAvailable(f"{self.name} wants a login")
        if answer.status_code != httpx.codes.OK:
            raise NotAvailable(f"{self.name} answers {answer.status_code} {answer.reason_phrase}")
        return answer


@contextmanager
def publisher(name: str) -> Iterator[Publisher]:
    """Give a publisher whose connections are closed at the end."""
    with httpx.Client(timeout=TIMEOUT, follow_redirects=True) as client:
        yield Publisher(name, client)
