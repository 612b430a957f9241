"""Official releases: fetched from a server on this machine that plays the publisher, with made-up programs."""

import hashlib
import io
import socket
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.tools.conftest import Checkout, PlayedGo

PLAYED_PROGRAM = b"#!/bin/sh\necho played release\n"
PLAYED_COMPANION = b"#!/bin/sh\necho played companion\n"
ARCHIVE = "small-1.2.3.tar.gz"


class PlayedPublisher:
    """A web server on the loopback interface and the files it has, by path."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.asked.append(self.path)
                content = publisher.files.get(self.path)
                self.send_response(404 if content is None else 200)
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def publish(self, path: str, content: bytes, checksum: str | None = None) -> None:
        """Offer a file, and a list of checksums beside it in which `checksum` may be a wrong one."""
        self.files[f"/{path}"] = content
        correct = hashlib.sha256(content).hexdigest()
        lines = [f"{'0' * 64}  another.tar.gz", f"{checksum or correct}  {path}"]
        self.files["/checksums.txt"] = "\n".join(lines).encode()


@pytest.fixture
def publisher() -> Iterator[PlayedPublisher]:
    played = PlayedPublisher()
    thread = threading.Thread(target=played.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield played
    played.server.shutdown()
    played.server.server_close()
    thread.join()


def offer(checkout: Checkout, address: str, release: str) -> None:
    """Make `small` a program that has an official release at `address` and can be built."""
    checkout.programs(f"""
  small:
    group: engine
    version: 1.2.3
    go: {{module: tools/small, pinned: example.org/small, package: .}}
    release: {{checksums: "{address}/checksums.txt", {release}}}
""")


def archive_of(**files: bytes) -> bytes:
    """Return a tar archive with these files in the folder `small`, an escaping file, a link, and a file beside."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w:gz") as archive:
        members = {f"small/{name}": content for name, content in files.items()}
        for name, content in {**members, "small/../../escaped": b"x", "/absolute": b"x", "beside": b"x"}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("small/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return output.getvalue()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def installed(checkout: Checkout) -> list[str]:
    folder = checkout.root / ".tools" / "bin"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_an_archive_brings_all_its_programs_and_nothing_else(
    checkout: Checkout, publisher: PlayedPublisher, played_go: PlayedGo
) -> None:
    publisher.publish(ARCHIVE, archive_of(small=PLAYED_PROGRAM, companion=PLAYED_COMPANION))
    offer(checkout, publisher.address, f'archive: "{publisher.address}/{ARCHIVE}", folder: small')
    progress = checkout.progress(SLIPWAY_TOOLS="auto")
    assert progress == ["downloading small 1.2.3 (1 of 1)", "small 1.2.3: downloaded"]
    assert installed(checkout) == ["companion", "small"]
    assert (checkout.run("small"), checkout.run("companion")) == ("played release\n", "played companion\n")
    assert "build" not in played_go.calls()
    assert checkout.install(SLIPWAY_TOOLS="auto").stdout.startswith("all 1 programs are in place")
    assert len(publisher.asked) == 2


def test_only_the_named_files_of_an_archive_are_taken(checkout: Checkout, publisher: PlayedPublisher) -> None:
    publisher.publish(ARCHIVE, archive_of(small=PLAYED_PROGRAM, companion=PLAYED_COMPANION))
    release = f'archive: "{publisher.address}/{ARCHIVE}", folder: small, only: [small]'
    offer(checkout, publisher.address, release)
    assert checkout.install(SLIPWAY_TOOLS="download").returncode == 0
    assert installed(checkout) == ["small"]


def test_a_single_file_with_a_bare_checksum(checkout: Checkout, publisher: PlayedPublisher) -> None:
    publisher.publish("small", PLAYED_PROGRAM)
    publisher.files["/checksums.txt"] = hashlib.sha256(PLAYED_PROGRAM).hexdigest().encode()
    offer(checkout, publisher.address, f'file: "{publisher.address}/{{name}}"')
    assert checkout.install(SLIPWAY_TOOLS="download").returncode == 0
    assert checkout.run("small") == "played release\n"


@pytest.mark.parametrize("mode", ["auto", "download"])
def test_a_wrong_checksum_is_refused_and_nothing_is_built_instead(
    checkout: Checkout, publisher: PlayedPublisher, played_go: PlayedGo, mode: str
) -> None:
    publisher.publish("small", PLAYED_PROGRAM, checksum="f" * 64)
    offer(checkout, publisher.address, f'file: "{publisher.address}/small"')
    answer = checkout.install(SLIPWAY_TOOLS=mode)
    assert answer.returncode == 2
    found = hashlib.sha256(PLAYED_PROGRAM).hexdigest()
    assert answer.stderr == (
        f"small: {publisher.address}/small was refused: its sha256 is {found}, but "
        f"{publisher.address}/checksums.txt says {'f' * 64}; try again later, or set SLIPWAY_TOOLS=build\n"
    )
    assert installed(checkout) == []
    assert "build" not in played_go.calls()


def test_a_release_without_checksum_is_refused(checkout: Checkout, publisher: PlayedPublisher) -> None:
    publisher.publish("small", PLAYED_PROGRAM)
    publisher.files["/checksums.txt"] = b"0123  other\n"
    offer(checkout, publisher.address, f'file: "{publisher.address}/small"')
    answer = checkout.install(SLIPWAY_TOOLS="download")
    assert answer.returncode == 2
    assert answer.stderr == (
        f"small: {publisher.address}/checksums.txt has no checksum for small: "
        "set SLIPWAY_TOOLS=build to build it instead\n"
    )


def test_auto_builds_what_it_cannot_reach_and_says_why(checkout: Checkout) -> None:
    address = f"http://127.0.0.1:{closed_port()}"
    offer(checkout, address, f'file: "{address}/small"')
    assert checkout.progress(SLIPWAY_TOOLS="auto") == [
        "downloading small 1.2.3 (1 of 1)",
        "building small 1.2.3 (1 of 1)",
        "small 1.2.3: built (127.0.0.1 is not reachable: Connection refused)",
    ]
    assert checkout.run("small").startswith("played program of ")


def test_auto_builds_what_the_publisher_does_not_have(checkout: Checkout, publisher: PlayedPublisher) -> None:
    publisher.publish("another", PLAYED_PROGRAM)
    offer(checkout, publisher.address, f'file: "{publisher.address}/small"')
    publisher.files["/checksums.txt"] = f"{'0' * 64}  small".encode()
    line = f"small 1.2.3: built ({publisher.address}/small: 404 Not Found)"
    assert checkout.progress(SLIPWAY_TOOLS="auto")[-1] == line


def test_download_does_not_build(checkout: Checkout, played_go: PlayedGo) -> None:
    address = f"http://127.0.0.1:{closed_port()}"
    offer(checkout, address, f'file: "{address}/small"')
    answer = checkout.install(SLIPWAY_TOOLS="download")
    assert answer.returncode == 2
    assert answer.stderr == "small: 127.0.0.1 is not reachable: Connection refused\n"
    assert "build" not in played_go.calls()


def test_build_asks_no_publisher(checkout: Checkout, publisher: PlayedPublisher) -> None:
    publisher.publish("small", PLAYED_PROGRAM)
    offer(checkout, publisher.address, f'file: "{publisher.address}/small"')
    assert checkout.install(SLIPWAY_TOOLS="build").returncode == 0
    assert publisher.asked == []
    assert checkout.run("small").startswith("played program of ")


def test_the_official_release_brings_what_a_launcher_stands_in_for(
    checkout: Checkout, publisher: PlayedPublisher
) -> None:
    publisher.publish(ARCHIVE, archive_of(small=PLAYED_PROGRAM, companion=PLAYED_COMPANION))
    offer(checkout, publisher.address, f'archive: "{publisher.address}/{ARCHIVE}", folder: small')
    launcher = """
  companion:
    group: engine
    version: 1.2.3
    launcher: {script: tools/companion.py, part_of: small}
"""
    catalog = checkout.root / "tools" / "tools.yaml"
    catalog.write_text(catalog.read_text() + launcher)
    (checkout.root / "tools" / "companion.py").write_text("print('our own companion')\n")
    assert checkout.install(SLIPWAY_TOOLS="build").returncode == 0
    assert checkout.run("companion") == "our own companion\n"
    assert checkout.install(SLIPWAY_TOOLS="download").returncode == 0
    assert checkout.run("companion") == "played companion\n"
    assert checkout.install(SLIPWAY_TOOLS="build").returncode == 0
    assert checkout.run("companion") == "our own companion\n"
