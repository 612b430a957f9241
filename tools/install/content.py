"""Names a program by what it is made of, so that the same content is never built twice."""

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from tools.install.catalog import GoBuild, Release, platform_names

BUILD_ENVIRONMENT = {"CGO_ENABLED": "0", "GOWORK": "off"}
BUILD_FLAGS = ("-mod=readonly", "-buildvcs=false", "-trimpath")


def build_key(root: Path, build: GoBuild, go_version: str) -> str:
    """Return a digest of the module's files, the build's flags, the compiler's version and the platform."""
    return _digest(
        module=module_digest(root / build.module),
        build=build,
        flags=BUILD_FLAGS,
        environment=BUILD_ENVIRONMENT,
        go=go_version,
        platform=platform_names(),
    )


def release_key(release: Release) -> str:
    """Return a digest of what is downloaded; its addresses hold version and platform."""
    return _digest(release=release)


def text_key(*texts: str) -> str:
    """Return a digest of any texts."""
    return _digest(texts=texts)


@lru_cache
def module_digest(folder: Path) -> str:
    """Return a digest of the files in a Go module that a build reads: no tests, no hidden files."""
    whole = hashlib.sha256()
    for file in sorted(_sources(folder)):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        whole.update(f"{file.relative_to(folder)} {content}\n".encode())
    return whole.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith((".", "__pycache__", "testdata")) or path.name.endswith("_test.go"):
            continue
        if path.is_dir():
            yield from _sources(path)
        else:
            yield path


def _digest(**parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
