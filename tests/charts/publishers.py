"""Publishers played on the loopback address: files, chart repositories with an index, registries that want a token."""

from __future__ import annotations

import gzip
import io
import json
import ssl
import tarfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from infra.charts.archive import sha256_of
from tests.support.environments import RELEASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.model.charts import Chart, Manifests

CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
OBJECTS = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: played}\n"


class Publisher:
    """What is published, and every path that somebody asked for."""

    def __init__(self, address: str, scheme: str) -> None:
        self.address = address
        self.url = f"{scheme}://{address}"
        self.files: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}  # by repository:tag
        self.blobs: dict[str, bytes] = {}
        self.challenge = f'Bearer realm="{self.url}/token",service="played",scope="repository:pull"'
        self.lying: set[str] = set()  # repository:tag of manifests that are announced with another digest
        self.cut: set[str] = set()  # paths whose answer ends half-way
        self.silent: set[str] = set()  # paths that are never answered
        self.asked: list[str] = []

    def image(self, repository: str, tag: str) -> str:
        """Publish an image, and return its digest."""
        manifest = json.dumps({"schemaVersion": 2, "manifests": [], "of": f"{repository}:{tag}"}).encode()
        self.manifests[f"{repository}:{tag}"] = manifest
        return sha256_of(manifest)

    def oci_chart(self, repository: str, tag: str, archive: bytes, media_type: str = CHART_LAYER) -> None:
        """Publish a chart in the registry."""
        digest = sha256_of(archive)
        layers = [{"mediaType": media_type, "digest": digest, "size": len(archive)}]
        self.manifests[f"{repository}:{tag}"] = json.dumps({"schemaVersion": 2, "layers": layers}).encode()
        self.blobs[digest] = archive

    def repository(self, folder: str, charts: dict[tuple[str, str], bytes], *, relative: bool = True) -> str:
        """Publish charts, by name and version, in a repository with an index, and return its address."""
        entries: dict[str, Any] = {}
        for (name, version), archive in charts.items():
            path = f"{name}-{version}.tgz"
            self.files[f"/{folder}/{path}"] = archive
            url = path if relative else f"{self.url}/{folder}/{path}"
            digest = sha256_of(archive).removeprefix("sha256:")
            entries.setdefault(name, []).append({"version": version, "urls": [url], "digest": digest})
        self.files[f"/{folder}/index.yaml"] = json.dumps({"apiVersion": "v1", "entries": entries}).encode()
        return f"{self.url}/{folder}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    published: Publisher
    closing: threading.Event


class _Answering(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        published = self.server.published
        published.asked.append(self.path)
        if self.path in published.silent:
            self.server.closing.wait()
        elif self.path.startswith("/token?"):
            assert "scope=repository%3Apull" in self.path
            self.answer(200, b'{"token": "let-me-in"}')
        elif self.path.startswith("/v2/"):
            self.answer_as_registry(published)
        elif self.path.partition("?")[0] in published.files:
            self.answer(200, published.files[self.path.partition("?")[0]])
        else:
            self.answer(404, b"")

    def answer_as_registry(self, published: Publisher) -> None:
        repository, _, last = self.path.removeprefix("/v2/").rpartition("/")
        repository, _, kind = repository.rpartition("/")
        content = published.blobs.get(last) if kind == "blobs" else published.manifests.get(f"{repository}:{last}")
        if self.headers.get("Authorization") != "Bearer let-me-in":
            self.answer(401, b"{}", {"WWW-Authenticate": published.challenge})
        elif content is None:
            self.answer(404, b"{}")
        else:
            wanted = "application/vnd.oci.image.index.v1+json" if b"manifests" in content else "image.manifest.v1+json"
            assert kind == "blobs" or wanted in self.headers["Accept"]
            lying = f"{repository}:{last}" in published.lying
            said = "sha256:" + "0" * 64 if lying else sha256_of(content)
            self.answer(200, content, {"Docker-Content-Digest": said})

    def answer(self, code: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.path in self.server.published.cut else body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def playing(certificate: Path | None = None) -> Iterator[Publisher]:
    """Give a publisher that answers on the loopback address, with TLS if it has a certificate (and its key)."""
    server = _Server(("127.0.0.1", 0), _Answering)
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    server.published = Publisher(f"127.0.0.1:{server.server_address[1]}", scheme)
    server.closing = threading.Event()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()  # looks for its end that often
    yield server.published
    server.closing.set()
    server.shutdown()
    server.server_close()


def packed(files: dict[str, str]) -> bytes:
    """Return an archive of files, by path; of the same files always the same."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(out.getvalue(), mtime=0)


def packed_chart(name: str, version: str, files: dict[str, str] | None = None) -> bytes:
    """Return the archive of a chart."""
    texts = {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n", **(files or {})}
    return packed({f"{name}/{path}": text for path, text in texts.items()})


def chart(name: str, version: str, source: str, digest: str | None = None) -> Chart:
    """Return a release's chart."""
    changes = {"chart": name, "version": version, "source": source, "digest": digest}
    return RELEASE.charts["dex"].model_copy(update=changes)


def manifests(version: str, source: str, digest: str | None = None) -> Manifests:
    """Return a release's manifests; their source may be plain HTTP here, which no document allows."""
    return RELEASE.manifests["vsphere-csi"].model_copy(update={"version": version, "source": source, "digest": digest})
