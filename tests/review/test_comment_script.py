"""The script that keeps one comment per pull request, against a played forge on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from infra.catalog import ROOT
from tests.conftest import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARK = "<!-- slipway review -->\n"
TOKEN = "canary-token"  # noqa: S105 - of a played forge


class Forge:
    """The comments of one pull request: 50 at a time, or all on every page, as Gitea gives them."""

    def __init__(self, others: int, *, pages: bool = True) -> None:
        self.pages = pages
        self.comments = [{"id": number, "body": f"comment {number}"} for number in range(others)]
        self.refused = 0
        self.address = ""

    def answer(self, method: str, path: str, body: Any) -> Any:
        place = urlsplit(path)
        if method == "GET":
            if not self.pages:
                return self.comments
            page = int(parse_qs(place.query)["page"][0])
            return self.comments[(page - 1) * 50 : page * 50]
        if method == "POST":
            self.comments.append({"id": len(self.comments), "body": body["body"]})
            return self.comments[-1]
        self.comments[int(place.path.rpartition("/")[2])]["body"] = body["body"]
        return {}


@contextmanager
def serving(forge: Forge) -> Iterator[Forge]:
    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            forge.refused += not allowed
            answer = json.dumps(forge.answer(self.command, self.path, body) if allowed else {}).encode()
            self.send_response(200 if allowed else 401)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PATCH = _any  # noqa: N815 - names of http.server

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    forge.address = f"http://127.0.0.1:{server.server_address[1]}/api/v1/repos/a/b/issues"
    yield forge
    server.shutdown()
    thread.join()
    server.server_close()


def comment(forge: Forge, file: Path, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    if not shutil.which("jq") or not shutil.which("curl"):
        pytest.skip(f"{ELSEWHERE}curl and jq are not installed here")
    variables = {"PATH": os.environ["PATH"], "COMMENTS": forge.address, "NUMBER": "7", "TOKEN": token}
    command = ["sh", str(ROOT / "docs" / "examples" / "comment.sh"), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=variables, timeout=60)


@pytest.mark.parametrize("pages", [True, False], ids=["pages", "all at once"])
@pytest.mark.parametrize("others", [0, 3, 50, 120])
def test_there_is_one_comment_however_often_it_is_written(tmp_path: Path, others: int, pages: bool) -> None:  # noqa: FBT001
    file = tmp_path / "review.md"
    with serving(Forge(others, pages=pages)) as forge:
        for text in ("first `x`\n", 'second "y"\n'):
            file.write_text(text, encoding="utf-8")
            done = comment(forge, file)
            assert done.returncode == 0, done.stderr
    assert [each["body"] for each in forge.comments[others:]] == [f'{MARK}second "y"\n']
    assert len(forge.comments) == others + 1


def test_a_refused_token_fails_and_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "review.md").write_text("x\n", encoding="utf-8")
    with serving(Forge(0)) as forge:
        done = comment(forge, tmp_path / "review.md", token="another-canary")  # noqa: S106
    assert done.returncode != 0
    assert forge.refused == 1
    assert "canary" not in done.stdout + done.stderr
