"""A client of the Kubernetes API for what is played on a machine: reads a kubeconfig, speaks JSON."""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT = httpx.Timeout(10, connect=2)  # seconds; where no machine is yet nobody refuses a connection
_WATCH_SECONDS = 10  # short: an API server that lost its power says nothing, and the next one has to be asked


class Api:
    """A Kubernetes API, with the rights of a kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        document = YAML(typ="safe", pure=True).load(kubeconfig.read_text(encoding="utf-8"))
        self.server = str(document["clusters"][0]["cluster"]["server"])
        self.authority = _data(document["clusters"][0]["cluster"], "certificate-authority")
        trust = ssl.create_default_context(cadata=self.authority)
        user = document["users"][0]["user"]
        if "token" not in user:
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as both:
                both.write(_data(user, "client-certificate") + _data(user, "client-key"))
                both.flush()
                trust.load_cert_chain(both.name)
        self._client = _client(self.server, trust, user.get("token", ""))

    def with_token(self, token: str) -> Api:
        """Return the same API with the rights of a token."""
        other = Api.__new__(Api)
        other.server, other.authority = self.server, self.authority
        other._client = _client(self.server, ssl.create_default_context(cadata=self.authority), token)  # noqa: SLF001
        return other

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def get(self, path: str) -> dict[str, Any] | None:
        """Return an object, or None when there is none. Raises `httpx.HTTPError`."""
        answer = self._client.get(path)
        return None if answer.status_code == httpx.codes.NOT_FOUND else _checked(answer)

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create an object; one that is there already is fine. Raises `httpx.HTTPError`."""
        answer = self._client.post(path, json=body)
        return {} if answer.status_code == httpx.codes.CONFLICT else _checked(answer)

    def delete(self, path: str, uid: str = "") -> None:
        """Delete an object at once, only if it has a UID where one is given; one that is gone already is fine.

        Raises `httpx.HTTPError`.
        """
        body: dict[str, Any] = {"gracePeriodSeconds": 0}
        body |= {"preconditions": {"uid": uid}} if uid else {}
        answer = self._client.request("DELETE", path, json=body)
        if answer.status_code not in (httpx.codes.NOT_FOUND, httpx.codes.CONFLICT if uid else httpx.codes.NOT_FOUND):
            _checked(answer)

    def replace(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Replace an object. Raises `httpx.HTTPError`."""
        return _checked(self._client.put(path, json=body))

    def merge(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Merge a patch into an object. Raises `httpx.HTTPError`."""
        return self._patch(path, body, "merge-patch")

    def merge_lists(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Merge a patch into an object of Kubernetes' own, its conditions one by one. Raises `httpx.HTTPError`."""
        return self._patch(path, body, "strategic-merge-patch")

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return the objects of a list, none when the API has no such kind; they may be a moment old.

        Raises `httpx.HTTPError`.
        """
        found = self.get(path + ("&" if "?" in path else "?") + "resourceVersion=0")
        return list(found["items"]) if found else []

    def watch(self, path: str, version: str) -> Iterator[dict[str, Any]]:
        """Yield what changes in a list after one of its versions, for some seconds. Raises `httpx.HTTPError`."""
        wanted = {"watch": "true", "resourceVersion": version, "timeoutSeconds": str(_WATCH_SECONDS)}
        url = f"{path}{'&' if '?' in path else '?'}{httpx.QueryParams(wanted)}&allowWatchBookmarks=true"
        with self._client.stream("GET", url, timeout=httpx.Timeout(2 * _WATCH_SECONDS, connect=2)) as answer:
            if answer.is_error:
                answer.read()
                _checked(answer)
            for line in answer.iter_lines():
                yield json.loads(line)

    def _patch(self, path: str, body: dict[str, Any], kind: str) -> dict[str, Any]:
        return _checked(self._client.patch(path, json=body, headers={"Content-Type": f"application/{kind}+json"}))


def _client(server: str, trust: ssl.SSLContext, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=server, verify=trust, headers=headers, timeout=_TIMEOUT, trust_env=False)


def _checked(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        raise httpx.HTTPStatusError(f"{answer.status_code} {answer.text}", request=answer.request, response=answer)
    found: dict[str, Any] = answer.json()
    return found


def _data(place: dict[str, str], key: str) -> str:
    if f"{key}-data" in place:
        return base64.b64decode(place[f"{key}-data"]).decode()
    return Path(place[key]).read_text(encoding="ascii")
