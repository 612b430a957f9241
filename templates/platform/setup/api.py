"""What the setup scripts share: a client for a tool's JSON API, the checked desired state, and what is told of a run.

Every script is a Job in the cluster: it waits for its tool, compares what is there with `desired.json`, and changes
what differs. The scripts of all tools lie in one folder with this file. Python's standard library is all they need.

Environment of every script:

    SETUP_URL               address of the tool, without the path of its API
    SETUP_USER              who signs in
    SETUP_PASSWORD          and how
    SETUP_DESIRED           the desired state; /etc/slipway/desired.json if not set
    SETUP_DEADLINE_SECONDS  how long the tool may take to answer; 900 if not set
    SSL_CERT_FILE           certificates of the authority that signed the tool's, if it is not a public one

What else is secret comes from variables that the desired state names (`*_env`), so that it holds no secret itself.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Document = dict[str, Any]  # a JSON object
ANSWER_SECONDS = 30.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0
BUSY = (429, 502, 503, 504)  # asked again: nothing was done
MOVED = (301, 302, 307, 308)
SHORTEST_SECRET = 4  # a shorter one would hide half of every line
NOT_DONE, NOT_LET_IN, NOT_ALLOWED, NOT_THERE = 300, 401, 403, 404


class NoDetours(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a change that is sent elsewhere arrives as a question, and looks as if it had been made."""

    def redirect_request(self, *_: object) -> None:
        """Return nothing, which makes an error of it."""


STRAIGHT = urllib.request.build_opener(NoDetours)


class Refused(Exception):
    """It can't be done; the message is the one line that people read."""


@dataclass
class Run:
    """What one run does: it counts and prints its changes, and knows what must never be printed."""

    name: str
    changes: int = 0
    secrets: list[str] = field(default_factory=list)

    def secret(self, variable: str) -> str:
        """Return a secret from the environment. Raises `Refused` if it is not there."""
        value = os.environ.get(variable, "")
        if not value:
            raise Refused(f"the environment variable {variable} is not set or empty")
        if len(value) >= SHORTEST_SECRET:
            self.secrets += [value, base64.b64encode(value.encode()).decode(), urllib.parse.quote(value, safe="")]
        return value

    def hidden(self, text: str) -> str:
        """Return a text in one line, without the secrets of this run."""
        for value in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(value, "***")
        return " ".join(text.split())

    def changed(self, what: str, done: str, detail: str = "") -> None:
        """Tell of one change."""
        self.changes += 1
        print(self.hidden(f"{what}: {done}{f' ({detail})' if detail else ''}"), flush=True)

    def unasked(self, where: str, names: list[str]) -> None:
        """Tell what is there and not in the desired state; it stays as it is."""
        if names:
            print(self.hidden(f"{where}, not asked for, left alone: {', '.join(sorted(names))}"), flush=True)


@dataclass(frozen=True)
class Api:
    """A tool's API. `base` is its address with the API's path, `end` the time until which an answer is waited for."""

    run: Run
    base: str
    user: str
    password: str
    end: float

    def ask(self, path: str, query: Mapping[str, str | int] | None = None, *, absent: bool = False) -> Any:  # noqa: ANN401 - any JSON value
        """Return what is at a path; with `absent`, None if nothing is there. Raises `Refused`."""
        where = f"{path}?{urllib.parse.urlencode(query)}" if query else path
        status, answer = self.exchange("GET", where)
        if absent and status == NOT_THERE:
            return None
        if status >= NOT_DONE:
            raise Refused(f"{path} can't be read: {self.reason('GET', where, status, answer)}")
        return answer

    def all(self, path: str, size: tuple[str, int], **query: str | int) -> Iterator[Document]:
        """Return all items of a list that comes in pages; `size` is the name of a page's size, and its value."""
        page = 1
        while items := self.ask(path, {**query, "page": page, size[0]: size[1]}):
            yield from items
            page += 1

    def change(self, method: str, path: str, body: object, what: str, done: str, detail: str = "") -> Any:  # noqa: ANN401 - any JSON value
        """Change something and tell of it: `what` is it, `done` a participle. Raises `Refused`."""
        status, answer = self.exchange(method, path, body)
        if status >= NOT_DONE:
            raise Refused(f"{what} can't be {done}: {self.reason(method, path, status, answer)}")
        self.run.changed(what, done, detail)
        return answer

    def wait(self, path: str, trouble: Callable[[Any], str | None]) -> None:
        """Wait until nothing is in the way, as `trouble` says of what is at a path. Raises `Refused`."""
        pause = FIRST_PAUSE_SECONDS
        while reason := trouble(self.ask(path)):
            if time.monotonic() + pause > self.end:
                raise Refused(reason)
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def lets_in(self, path: str, user: str, password: str) -> bool:
        """Whether somebody else is let in with a password, at a path that asks for no rights. Raises `Refused`."""
        status, answer = Api(self.run, self.base, user, password, self.end).exchange("GET", path)
        if status not in (200, NOT_LET_IN):
            raise Refused(f"the password of {user} can't be tried: {self.reason('GET', path, status, answer)}")
        return status != NOT_LET_IN

    def reason(self, method: str, path: str, status: int, answer: object) -> str:
        """Say why a request was refused."""
        hint = {
            **dict.fromkeys(MOVED, "; SETUP_URL is not the address at which it answers"),
            NOT_LET_IN: f"; user {self.user} is not let in, or lacks the permission",
            NOT_ALLOWED: f"; user {self.user} lacks the permission",
        }.get(status, "")
        return f"{method} {urllib.parse.urlsplit(self.base).path}{path}: {status} {message_of(answer)}{hint}"

    def exchange(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Return status and answer of a request; it is made again while the tool can't be reached or is busy.

        Raises `Refused` when the deadline is over, or when a change was sent and nobody knows whether it was made.
        """
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                status, answer = self.once(method, path, body)
                trouble = f"{status} {message_of(answer)}"
                if status not in BUSY:
                    return status, answer
            except (OSError, http.client.HTTPException) as error:
                trouble = str(getattr(error, "reason", error))
                never_sent = isinstance(getattr(error, "reason", error), ConnectionRefusedError)
                if method != "GET" and not never_sent:
                    raise Refused(f"{method} {path}: no answer ({trouble}): run this again") from None
            if time.monotonic() + pause > self.end:
                raise Refused(f"{self.run.name} does not answer at {self.base}{path}: {trouble}")
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def once(self, method: str, path: str, body: object) -> tuple[int, Any]:
        """Make a request. Raises `OSError` or `HTTPException`."""
        credentials = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "Accept": "application/json"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.base + path, data, headers, method=method)  # noqa: S310 - checked at the start
        try:
            with STRAIGHT.open(request, timeout=ANSWER_SECONDS) as answer:
                return answer.status, parsed(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, parsed(error.read())


def parsed(content: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return what an answer holds: a JSON value, a text, or nothing."""
    try:
        return json.loads(content) if content.strip() else None
    except ValueError:
        return content.decode(errors="replace")


def message_of(answer: object) -> str:
    """Return what a tool says about an error, in any of the ways in which the tools do."""
    if isinstance(answer, dict):
        errors = answer.get("errors")
        if isinstance(errors, list) and errors:
            return "; ".join(message_of(each) for each in errors)
        return str(answer.get("message") or answer.get("code") or "it gives no reason")
    return str(answer)[:200] if answer else "it gives no reason"


def checked(value: object, where: str, required: Mapping[str, type], optional: Mapping[str, Any]) -> Document:
    """Return a part of the desired state, with `optional` as its defaults. Raises `Refused` if it is not as agreed."""
    if not isinstance(value, dict):
        raise Refused(f"{where}: an object is expected")
    kinds = {**required, **{name: type(default) for name, default in optional.items()}}
    for name in value:
        if name not in kinds:
            raise Refused(f"{where}: {name} is not known; known are: {', '.join(sorted(kinds))}")
    for name in required:
        if name not in value:
            raise Refused(f"{where}: {name} is missing")
    for name, found in value.items():
        if type(found) is not kinds[name]:
            raise Refused(f"{where}.{name}: {kinds[name].__name__} is expected, not {type(found).__name__}")
    return {**optional, **value}


def each(
    state: Document, name: str, where: str, required: Mapping[str, type], optional: Mapping[str, Any]
) -> list[Document]:
    """Return the checked objects of a list in the desired state. Raises `Refused`."""
    return [
        checked(item, f"{where}{name}[{index}]", required, optional) for index, item in enumerate(state.get(name, []))
    ]


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Document:
    """Return what of the wanted is not so yet."""
    return {name: value for name, value in wanted.items() if found.get(name) != value}


def described(found: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    """Say what changes from what to what."""
    return ", ".join(f"{name}: {found.get(name)!r} -> {value!r}" for name, value in changes.items())


def mark_of(secret: str, salt: str) -> str:
    """Return a short mark of a secret that a tool never shows again: a changed secret has another one.

    It is slow to compute and far too short to find the secret by.
    """
    return hashlib.scrypt(secret.encode(), salt=salt.encode(), n=2**14, r=8, p=1, dklen=4).hex()


def main(name: str, api_path: str, work: Callable[[Api, Document], None]) -> None:
    """Bring a desired state about; exit 1 with one line if that can't be done."""
    run = Run(name)
    try:
        work(api_of(run, api_path), desired_state())
    except Refused as reason:
        sys.exit(run.hidden(f"{name}: {reason}"))
    print(f"{name}: {f'changes: {run.changes}' if run.changes else 'as asked for, nothing changed'}")


def api_of(run: Run, api_path: str) -> Api:
    """Return the tool's API, as the environment says. Raises `Refused`."""
    base = os.environ.get("SETUP_URL", "").rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise Refused("the environment variable SETUP_URL has to be an address: http://... or https://...")
    end = time.monotonic() + float(os.environ.get("SETUP_DEADLINE_SECONDS") or "900")
    return Api(run, base + api_path, os.environ.get("SETUP_USER", ""), run.secret("SETUP_PASSWORD"), end)


def desired_state() -> Document:
    """Return the desired state, yet unchecked. Raises `Refused`."""
    path = Path(os.environ.get("SETUP_DESIRED") or "/etc/slipway/desired.json")
    try:
        state: Document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(f"{path} can't be read: {error}") from None
    return state
