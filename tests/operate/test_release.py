"""Pinning a release: digests computed from what a registry hands out, and a release that is frozen stays as it is."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

from infra.catalog import ROOT, Catalog
from infra.errors import NotPossibleHere, StepFailed
from infra.operate.documents import validate_all
from infra.operate.registry import NoDigest, image_digest
from infra.operate.release import pin_release, recipe
from tests.support.environments import RELEASE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MANIFEST = b'{"schemaVersion": 2, "manifests": []}'
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"


class PlayedRegistry(BaseHTTPRequestHandler):
    """Serves one manifest under any name, after a token was fetched, as public registries want it."""

    wrong: ClassVar[set[str]] = set()  # images for which the registry names another digest

    def do_GET(self) -> None:
        if self.path.startswith("/token?"):
            assert "scope=repository%3Apull" in self.path
            self.answer(200, b'{"token": "let-me-in"}')
        elif "missing" in self.path:
            self.answer(404, b"{}")
        elif self.headers.get("Authorization") != "Bearer let-me-in":
            host = self.headers["Host"]
            realm = f'Bearer realm="http://{host}/token",service="played",scope="repository:pull"'
            self.answer(401, b"{}", {"WWW-Authenticate": realm})
        else:
            assert "application/vnd.oci.image.index.v1+json" in self.headers["Accept"]
            said = "sha256:" + "0" * 64 if "lying" in self.path else DIGEST
            self.answer(200, MANIFEST, {"Docker-Content-Digest": said})

    def answer(self, code: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def registry() -> Iterator[str]:
    """A registry on the loopback address; its host name and port, as they begin an image's name."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), PlayedRegistry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    return Catalog(tmp_path)


def point_at(catalog: Catalog, registry: str) -> Path:
    """Let all images of the release come from a registry, and return the release's file."""
    file = catalog.root / "stacks" / "releases" / "2026.11.0.yaml"
    text = file.read_text(encoding="utf-8")
    for host in ("registry.k8s.io", "ghcr.io"):
        text = text.replace(f"image: {host}/", f"image: {registry}/")
    file.write_text(text, encoding="utf-8")
    return file


def test_digest_is_computed_from_the_manifest(registry: str) -> None:
    assert image_digest(f"{registry}/kube/pause", "3.10") == DIGEST


@pytest.mark.parametrize(
    ("image", "reason"),
    [("missing", "its registry does not have it"), ("lying", "its registry says sha256:0000")],
)
def test_image_that_is_not_to_be_had_is_no_digest(registry: str, image: str, reason: str) -> None:
    with pytest.raises(NoDigest, match=reason):
        image_digest(f"{registry}/kube/{image}", "1")


def test_registry_that_is_away_is_said() -> None:
    with pytest.raises(NoDigest, match="its registry does not answer"):
        image_digest("127.0.0.1:1/kube/pause", "1")


def test_pinning_writes_every_digest_and_nothing_else(catalog: Catalog, registry: str) -> None:
    file = point_at(catalog, registry)
    before = file.read_text(encoding="utf-8")
    said = list(pin_release("2026.11.0", catalog))
    assert said[0].endswith(f"is {DIGEST}")
    assert file.read_text(encoding="utf-8") == before.replace("digest: null", f"digest: {DIGEST}")
    assert Catalog(catalog.root).load_release("2026.11.0").unpinned() == []
    assert list(pin_release("2026.11.0", Catalog(catalog.root))) == ["2026.11.0: every image has its digest"]


def test_what_could_be_pinned_is_written_when_an_image_is_missing(catalog: Catalog, registry: str) -> None:
    file = point_at(catalog, registry)
    text = file.read_text(encoding="utf-8").replace(f"{registry}/pause", f"{registry}/missing")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(StepFailed) as failed:
        list(pin_release("2026.11.0", catalog))
    assert f"images.pause: {registry}/missing:3.10.2: its registry does not have it" in str(failed.value)
    assert "6 of 7 are written" in str(failed.value)
    assert Catalog(catalog.root).load_release("2026.11.0").unpinned() == ["pause"]


def git(folder: Path, *arguments: str) -> None:
    names = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    subprocess.run(["git", "-C", str(folder), *names, *arguments], check=True, capture_output=True)


def test_tagged_release_is_frozen(catalog: Catalog, registry: str) -> None:
    git(catalog.root, "init", "--quiet")
    git(catalog.root, "add", ".")
    git(catalog.root, "commit", "--quiet", "--message", "first")
    assert any("dev: valid" in line for line in validate_all(["dev"], catalog))
    git(catalog.root, "tag", "v1")
    assert any("dev: valid" in line for line in validate_all(["dev"], catalog))
    file = point_at(catalog, registry)
    with pytest.raises(NotPossibleHere) as refused:
        list(pin_release("2026.11.0", Catalog(catalog.root)))
    assert str(refused.value) == (
        "stacks/releases/2026.11.0.yaml: frozen since tag v1; make the next release: copy its file to a new version "
        "and pin that"
    )
    with pytest.raises(Exception, match="has changed since tag v1 froze it; bring it back"):
        list(validate_all(["dev"], Catalog(catalog.root)))
    file.unlink()


def test_recipe_of_the_machine_template(golden: Callable[[str, str], None], tmp_path: Path) -> None:
    text = recipe(RELEASE)
    golden("machine/build-template.sh", text)
    script = tmp_path / "build-template.sh"
    script.write_text(text, encoding="utf-8")
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_recipe_takes_images_by_their_digests_where_they_are_known() -> None:
    pause = RELEASE.images["pause"].model_copy(update={"digest": DIGEST})
    text = recipe(RELEASE.model_copy(update={"images": {"pause": pause}}))
    assert f"images pull registry.k8s.io/pause@{DIGEST} > /dev/null\n" in text
    assert f"images tag --force registry.k8s.io/pause@{DIGEST} registry.k8s.io/pause:3.10.2\n" in text


def test_driver_in_the_template_is_asked_for_where_the_release_wants_it() -> None:
    template = RELEASE.machine_template.model_copy(update={"driver_strategy": "template"})
    text = recipe(RELEASE.model_copy(update={"machine_template": template}))
    assert "install the driver of your licence first" in text
