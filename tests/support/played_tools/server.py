"""What the played tools have in common: sign-in, rights, paths, and bodies that are looked at closely.

The real tools take a field that they don't know without a word. These don't: a field's name that is wrong would
otherwise look right.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ADMIN, PASSWORD = "setup", "Setup-Passw0rd"


class Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class PlayedTool:
    """One tool: `routes` name the method that answers, by HTTP method and path.

    `users` are the passwords by name; `forbidden` are routes that nobody has the right to; `seen` is every request
    that was answered, `wrote` those that were no GET. `busy` is how many answers are 503 at first; `moved` is where
    everything is sent to.
    """

    api: ClassVar[str] = ""
    routes: ClassVar[dict[str, str]] = {}
    open_routes: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.users = {ADMIN: PASSWORD}
        self.forbidden: set[str] = set()
        self.seen: list[str] = []
        self.busy = 0
        self.moved = ""
        self.lock = threading.Lock()
        self.count = 0

    @property
    def wrote(self) -> list[str]:
        return [line for line in self.seen if not line.startswith("GET ")]

    def error(self, message: str) -> Any:
        return {"message": message}

    def number(self) -> int:
        self.count += 1
        return self.count

    def answer(self, method: str, target: str, body: Any, user: str | None) -> tuple[int, Any]:
        with self.lock:
            path = urlsplit(target).path
            self.seen.append(f"{method} {path}")
            if self.moved:
                return 301, self.moved + target
            if self.busy:
                self.busy -= 1
                return 503, self.error("starting")
            try:
                return self.routed(method, path, dict(parse_qsl(urlsplit(target).query)), body, user)
            except Refusal as refusal:
                return refusal.status, self.error(str(refusal))

    def routed(self, method: str, path: str, query: dict[str, str], body: Any, user: str | None) -> tuple[int, Any]:
        for route, name in self.routes.items():
            verb, _, pattern = route.partition(" ")
            shape = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.api + pattern)
            match = re.fullmatch(shape, path)
            if match is None or verb != method:
                continue
            if route not in self.open_routes and user is None:
                raise Refusal(401, "unauthorized")
            if route in self.forbidden:
                raise Refusal(403, "forbidden")
            places = {key: unquote(value) for key, value in match.groupdict().items()}
            result: tuple[int, Any] = getattr(self, name)(query=query, body=body, user=user, **places)
            return result
        raise Refusal(404, f"there is nothing at {method} {path}")


def look_at(body: Any, fields: Mapping[str, type], *needed: str) -> dict[str, Any]:
    """Return a body that has only known fields of the right types."""
    if not isinstance(body, dict):
        raise Refusal(422, "an object is expected")
    for name, value in body.items():
        if name not in fields:
            raise Refusal(422, f"unknown field {name}")
        if type(value) is not fields[name]:
            raise Refusal(422, f"{name} is no {fields[name].__name__}")
    for name in needed:
        if not body.get(name):
            raise Refusal(422, f"{name} is required")
    return body


def page(items: list[Any], query: dict[str, str], size: str, most: int) -> list[Any]:
    """Return one page of a list, as the tools number them."""
    length = min(int(query.get(size, "10")), most)
    start = (int(query.get("page", "1")) - 1) * length
    return items[start : start + length]


@contextmanager
def served(tool: PlayedTool, port: int = 0) -> Iterator[str]:
    """Serve a played tool on loopback; give its address."""

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, value = tool.answer(self.command, self.path, body, self.user())
            content = b"" if value is None else json.dumps(value).encode()
            self.send_response(status)
            if status == 301:
                self.send_header("Location", value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do  # noqa: N815 - http.server's names

        def user(self) -> str | None:
            scheme, _, text = self.headers.get("Authorization", "").partition(" ")
            if scheme != "Basic":
                return None
            name, _, password = base64.b64decode(text).decode().partition(":")
            return name if tool.users.get(name) == password else None

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
