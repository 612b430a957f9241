"""A client of the Kubernetes API for what is played on a machine: reads a kubeconfig, speaks JSON."""

from __future__ import annotations

import base64
import ssl
import tempfile
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml import YAML

_TIMEOUT = httpx.Timeout(10, connect=2)  # seconds; where no machine is yet nobody refuses a connection


class Api:
    """A Kubernetes API, with the rights of a kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        document = YAML(typ="safe", pure=True).load(kubeconfig.read_text(encoding="utf-8"))
        self.server = str(document["clusters"][0]["cluster"]["server"])
        self.authority = _data(document["clusters"][0]["cluster"], "certificate-authority")
        trust = ssl.create_default_context(cadata=self.authority)
        user = document["users"][0]["user"]
        headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        if "token" not in user:
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as both:
                both.write(_data(user, "client-certificate") + _data(user, "client-key"))
                both.flush()
                trust.load_cert_chain(both.name)
        self._client = httpx.Client(
            base_url=self.server, verify=trust, headers=headers, timeout=_TIMEOUT, trust_env=False
        )

    def get(self, path: str) -> dict[str, Any] | None:
        """Return an object, or None when there is none. Raises `httpx.HTTPError`."""
        answer = self._client.get(path)
        return None if answer.status_code == httpx.codes.NOT_FOUND else _checked(answer)

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create an object; one that is there already is fine. Raises `httpx.HTTPError`."""
        answer = self._client.post(path, json=body)
        return {} if answer.status_code == httpx.codes.CONFLICT else _checked(answer)

    def delete(self, path: str) -> None:
        """Delete an object at once; one that is gone already is fine. Raises `httpx.HTTPError`."""
        answer = self._client.request("DELETE", path, json={"gracePeriodSeconds": 0})
        if answer.status_code != httpx.codes.NOT_FOUND:
            _checked(answer)

    def merge(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Merge a patch into an object. Raises `httpx.HTTPError`."""
        return _checked(self._client.patch(path, json=body, headers={"Content-Type": "application/merge-patch+json"}))


def _checked(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        raise httpx.HTTPStatusError(f"{answer.status_code} {answer.text}", request=answer.request, response=answer)
    found: dict[str, Any] = answer.json()
    return found


def _data(place: dict[str, str], key: str) -> str:
    if f"{key}-data" in place:
        return base64.b64decode(place[f"{key}-data"]).decode()
    return Path(place[key]).read_text(encoding="ascii")
