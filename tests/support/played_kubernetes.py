"""A played Kubernetes API on loopback: keeps objects by path, and notes what it was asked for."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.identity import Identity

VERSION = "v1.36.3"
_APPLY, _STRATEGIC = "application/apply-patch+yaml", "application/strategic-merge-patch+json"


@dataclass
class PlayedKubernetes:
    """What a played API has and was asked. `answers` are given first, once each: a status and a text."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # method and path with its query
    bodies: list[Any] = field(default_factory=list)  # of those that had one
    callers: list[str] = field(default_factory=list)  # the client certificate's name, or the header that stands for it
    answers: list[tuple[int, str]] = field(default_factory=list)
    port: int = 0

    def answer(self, method: str, path: str, kind: str, body: Any) -> tuple[int, Any]:
        """Return status and body for a request; `kind` is the content type."""
        if path == "/readyz":
            return 200, "ok"
        if path == "/version":
            return 200, {"gitVersion": VERSION}
        if method == "POST":
            return self._created(f"{path}/{body['metadata']['name']}", body)
        if method == "PATCH" and kind == _APPLY:
            self.objects[path] = _stored(body)
        found = self.objects.get(path)
        if found is None:
            return 404, {"kind": "Status", "message": f"{path.rpartition('/')[2]} not found"}
        if method == "PATCH" and kind == _STRATEGIC:
            version = body.get("metadata", {}).get("resourceVersion")
            if version not in (None, found["metadata"].get("resourceVersion")):
                return 409, {"kind": "Status", "message": "the object has been modified"}
            found = self.objects[path] = strategically_merged(found, body)
            if version:
                found["metadata"]["resourceVersion"] = str(int(version) + 1)
        if method == "DELETE":
            del self.objects[path]
        return 200, found

    def _created(self, path: str, body: Any) -> tuple[int, Any]:
        if path in self.objects:
            return 409, {"kind": "Status", "message": f"{path.rpartition('/')[2]} already exists"}
        self.objects[path] = _stored(body)
        return 201, self.objects[path]


def strategically_merged(there: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Return an object after a strategic merge patch: null deletes, and lists are replaced, as those of taints are."""
    merged = deepcopy(there)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            merged[name] = strategically_merged(merged.get(name, {}), value)
        else:
            merged[name] = value
    return merged


def _stored(body: Any) -> dict[str, Any]:
    """Return an object as the API keeps it: texts of a Secret encoded among its data."""
    kept = deepcopy(dict(body))
    texts = kept.pop("stringData", {})
    if texts:
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
        kept["data"] = {**kept.get("data", {}), **encoded}
    return kept


@contextmanager
def playing_kubernetes(folder: Path, identity: Identity, certificate: str) -> Iterator[PlayedKubernetes]:
    """Play an API with a server certificate (with its key, PEM); it knows clients by the identity's authority."""
    file = folder / "server.pem"
    file.write_text(certificate, encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=identity.ca_certificate)
    played = PlayedKubernetes()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(played)) as http:
        http.socket = context.wrap_socket(http.socket, server_side=True, do_handshake_on_connect=False)
        played.port = http.server_port
        threading.Thread(target=http.serve_forever, args=[0.05], daemon=True).start()
        yield played
        http.shutdown()


def _handler(played: PlayedKubernetes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _take(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            played.asked.append(f"{self.command} {self.path}")
            played.callers.append(_caller(self))
            if body is not None:
                played.bodies.append(body)
            path = urlsplit(self.path).path
            if played.answers:
                status, content = played.answers.pop(0)
            else:
                kind = self.headers.get("Content-Type", "")
                status, found = played.answer(self.command, path, kind, body)
                content = found if isinstance(found, str) else json.dumps(found)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content.encode())))
            self.end_headers()
            self.wfile.write(content.encode())

        do_GET = do_POST = do_PATCH = do_DELETE = _take  # noqa: N815 - the server's names

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _caller(handler: BaseHTTPRequestHandler) -> str:
    assert isinstance(handler.connection, ssl.SSLSocket)
    certificate: Any = handler.connection.getpeercert() or {}
    shown = dict(pair for group in certificate.get("subject", ()) for pair in group)
    return str(shown.get("commonName") or handler.headers.get("Authorization", "nobody"))
