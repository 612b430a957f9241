"""Digests, and a chart's archive: what it holds, and unpacking it where it can do no harm."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import yaml

from infra.charts.not_available import NotAvailable

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_UNPACKABLE = (tarfile.TarError, EOFError, OSError, zlib.error)


def sha256_of(content: bytes) -> str:
    """Return the digest of bytes, as `sha256:...`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def unpack_chart(archive: bytes, folder: Path) -> Path:
    """Unpack a chart's archive (.tgz) into an empty or new folder, and return the chart's own folder in it.

    Raises `NotAvailable` for an archive that can't be unpacked, that leads out of the folder, or that holds something
    else than one folder with a Chart.yaml.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        whole = gzip.decompress(archive)  # to its end, with its checksum: tarfile alone stops where it has enough
        with tarfile.open(fileobj=io.BytesIO(whole), mode="r:") as opened:
            opened.extractall(folder, filter="data")
    except tarfile.FilterError as error:
        raise NotAvailable(f"its archive holds what does not belong in a chart ({error.tarinfo.name})") from None
    except _NOT_UNPACKABLE as error:
        raise NotAvailable(f"its archive can't be unpacked ({error})") from None
    tops = sorted(path.name for path in folder.iterdir())
    if len(tops) != 1 or not (folder / tops[0] / "Chart.yaml").is_file():
        found = ", ".join(tops) or "nothing"
        raise NotAvailable(f"its archive holds something else than one folder with a Chart.yaml ({found})")
    return folder / tops[0]


def check_chart(archive: bytes, name: str, version: str) -> None:
    """Raise `NotAvailable` unless an archive holds the chart of that name and version."""
    with TemporaryDirectory() as folder:
        text = (unpack_chart(archive, Path(folder)) / "Chart.yaml").read_bytes()
    try:
        said = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        said = None
    if not isinstance(said, dict):
        raise NotAvailable("the Chart.yaml in its archive can't be read")
    found = (said.get("name"), said.get("version"))
    if found != (name, version):
        raise NotAvailable(f"its archive holds another chart ({found[0]} {found[1]})")


def tree_of(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder, by its path in it; of a link, the digest of where it leads."""
    return {
        str(path.relative_to(folder)): sha256_of(_content(path))
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or not path.is_dir()
    }


def tree_in(archive: bytes) -> dict[str, str]:
    """Return what `tree_of` says of a chart's archive once it is unpacked. Raises `NotAvailable`."""
    with TemporaryDirectory() as folder:
        return tree_of(unpack_chart(archive, Path(folder)))


def digest_of_tree(tree: Mapping[str, str]) -> str:
    """Return one digest over all paths and contents of a tree."""
    return sha256_of(json.dumps(sorted(tree.items())).encode())


def _content(path: Path) -> bytes:
    return f"link to {path.readlink()}".encode() if path.is_symlink() else path.read_bytes()
