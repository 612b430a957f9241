"""A played service for change records: HTTPS on loopback, answers as a test says, and notes what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Said:
    """One answer: status, body (JSON, or bytes as they are), further headers.

    A `drip` sends the body byte by byte until `end` is set, and never ends by itself.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drip: bool = False

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class PlayedChanges:
    """What the service was asked, and what it answers: a function of each request."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    answer: Callable[[Asked], Said] = lambda _: Said(404)
    end: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"https://127.0.0.1:{self.port}/api/changes"


@contextmanager
def playing_changes(folder: Path, certificate: str) -> Iterator[PlayedChanges]:
    """Play a service while a test runs; `certificate` is PEM, with its key."""
    played = PlayedChanges()
    pem = folder / "service.pem"
    pem.write_text(certificate, encoding="ascii")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(played))
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    played.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield played
    finally:
        played.end.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(played: PlayedChanges) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, dict(self.headers), body)
            played.asked.append(asked)
            said = played.answer(asked)
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            if said.drip:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                while not played.end.wait(0.02):
                    self.wfile.write(b"1\r\n \r\n")
                    self.wfile.flush()
                return
            self.send_header("Content-Length", str(len(said.content)))
            self.end_headers()
            self.wfile.write(said.content)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - the server calls them so

        def handle(self) -> None:
            try:
                super().handle()
            except (ssl.SSLError, ConnectionError):
                self.close_connection = True  # who asked has gone: it trusts nobody, or waits no longer

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
