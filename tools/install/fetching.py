"""Fetches official releases and believes them only when they have the published checksum."""

import hashlib
import os
import socket
import tarfile
import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tools.install.catalog import Release
from tools.install.errors import InstallError, NotReachableError
from tools.install.running import Waiting

_SECONDS_TO_CONNECT = 3.0
_SECONDS_OF_SILENCE = 30.0
_PORTS = {"https": 443, "http": 80}


def fetch(release: Release, name: str, folder: Path, waiting: Waiting) -> None:
    """Put the release's files into `folder`: the program `name`, or what the archive holds.

    Raises NotReachableError when it can't be fetched, InstallError when its checksum is wrong or it holds
    nothing that was expected. One attempt, 3 seconds to connect.
    """
    url = release.archive or release.file
    check_reachable(url)
    download = folder.parent / "download"
    timeout = httpx.Timeout(_SECONDS_OF_SILENCE, connect=_SECONDS_TO_CONNECT)
    try:
        with httpx.Client(timeout=timeout, follow_redirects=True) as client:
            expected = _published_checksum(client, release.checksums, Path(urlsplit(url).path).name)
            found = _download(client, url, download, waiting)
    except httpx.HTTPStatusError as error:
        answer = error.response
        raise NotReachableError(f"{answer.url}: {answer.status_code} {answer.reason_phrase}") from error
    except httpx.HTTPError as error:
        raise NotReachableError(f"{url} can't be fetched: {error}") from error
    if found != expected:
        raise InstallError(
            f"{url} was refused: its sha256 is {found}, but {release.checksums} says {expected}; "
            f"try again later, or set SLIPWAY_TOOLS=build"
        )
    if release.archive:
        _unpack(download, release, folder)
    else:
        download.rename(folder / name)


def check_reachable(url: str) -> None:
    """Raise NotReachableError when no connection to the server of `url` comes about within 3 seconds.

    A configured proxy is taken for reachable.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    if _has_proxy(os.environ, parts.scheme):
        return
    reason = _connection_problem(host, port)
    if reason:
        raise NotReachableError(f"{host} is not reachable: {reason}")


@lru_cache
def _connection_problem(host: str, port: int) -> str:
    # Looking up a name has no time-out of its own, so both happen in a thread that is left behind when late.
    outcome: list[str] = []

    def connect() -> None:
        try:
            socket.create_connection((host, port), _SECONDS_TO_CONNECT).close()
            outcome.append("")
        except OSError as error:
            outcome.append(error.strerror or str(error))

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(_SECONDS_TO_CONNECT)
    return outcome[0] if outcome else f"no connection within {_SECONDS_TO_CONNECT:.0f} s"


def _has_proxy(environment: Mapping[str, str], scheme: str) -> bool:
    names = (f"{scheme}_proxy", "all_proxy")
    return any(environment.get(name) or environment.get(name.upper()) for name in names)


def _published_checksum(client: httpx.Client, url: str, file_name: str) -> str:
    """Return the sha256 that the list at `url` gives for `file_name`; the list may be one bare checksum."""
    answer = client.get(url).raise_for_status()
    for line in answer.text.splitlines():
        checksum, *names = line.split()
        if not names or names[0].lstrip("*") == file_name:
            return checksum.lower()
    raise InstallError(f"{url} has no checksum for {file_name}: set SLIPWAY_TOOLS=build to build it instead")


def _download(client: httpx.Client, url: str, file: Path, waiting: Waiting) -> str:
    """Write what `url` answers to `file` and return its sha256."""
    digest = hashlib.sha256()
    with client.stream("GET", url) as answer, file.open("wb") as output:
        answer.raise_for_status()
        for chunk in answer.iter_bytes():
            digest.update(chunk)
            output.write(chunk)
            waiting()
    return digest.hexdigest()


def _unpack(archive: Path, release: Release, folder: Path) -> None:
    """Write the plain files that lie directly in the release's folder, and nothing else of the archive."""
    with tarfile.open(archive) as content:
        for member in content:
            path = Path(member.name)
            wanted = str(path.parent) == release.folder and (not release.only or path.name in release.only)
            data = content.extractfile(member) if wanted and member.isfile() else None
            if data is not None:
                with data, (folder / path.name).open("wb") as output:
                    while chunk := data.read(1 << 20):
                        output.write(chunk)
    if not any(folder.iterdir()):
        raise InstallError(f"{release.archive} has no files in {release.folder}/: correct tools/tools.yaml")
