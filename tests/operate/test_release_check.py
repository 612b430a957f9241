"""Checking releases: each finding is a line with its place, what is wrong ends with exit code 2."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from infra.catalog import Catalog
from infra.errors import DocumentsRefused
from infra.operate.release_check import check_releases

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "2026.11.0"


def release_file(catalog: Catalog) -> Path:
    return catalog.root / "stacks" / "releases" / f"{VERSION}.yaml"


def change(file: Path, *pairs: tuple[str, str]) -> None:
    text = file.read_text(encoding="utf-8")
    for this, by in pairs:
        assert text.count(this) == 1, this
        text = text.replace(this, by)
    file.write_text(text, encoding="utf-8")


def line_of(file: Path, key: str, below: str) -> int:
    """Return the line (1-based) of the first `key` that stands below a line."""
    lines = file.read_text(encoding="utf-8").splitlines()
    start = lines.index(below)
    return next(number for number, line in enumerate(lines[start:], start + 1) if line.strip().startswith(key))


def test_release_that_goes_together_says_so_with_its_warnings(catalog: Catalog) -> None:
    first, *rest = list(check_releases(VERSION, catalog))
    assert first.startswith(f"{VERSION}: ")
    assert first.endswith(f"pins: nothing wrong, {len(rest)} warnings")
    assert all(line.startswith(f"  warning: stacks/releases/{VERSION}.yaml:") for line in rest)
    assert any("have no digest: enough for a rehearsal, not for a vCenter" in line for line in rest)


def test_without_a_version_all_are_checked(catalog: Catalog) -> None:
    said = [line.partition(":")[0] for line in check_releases(None, catalog) if not line.startswith(" ")]
    assert said == catalog.release_versions()


def test_everything_wrong_is_said_at_once_with_its_line_and_source(catalog: Catalog) -> None:
    file = release_file(catalog)
    change(file, ("    version: 1.36.0\n", "    version: 1.35.1\n"), ('    tag: "3.6.8-0"\n', '    tag: "3.6.7-0"\n'))
    said: list[str] = []
    with pytest.raises(DocumentsRefused) as refused:
        said += check_releases(VERSION, Catalog(catalog.root))
    name = f"stacks/releases/{VERSION}.yaml"
    assert str(refused.value).splitlines() == [
        (
            f"{name}:{line_of(file, 'etcd:', 'images:')}: images.etcd: 3.6.7-0: is not what kubeadm makes a "
            "control plane of Kubernetes 1.36.3 of, 3.6.8-0 (source: kubeadm 1.36.3, config images list); pin 3.6.8-0"
        ),
        (
            f"{name}:{line_of(file, 'vsphere-cpi:', 'charts:')}: charts.vsphere-cpi: 1.35.1: does not go together with "
            'kubernetes 1.36.3, only with 1.35.* (source: cloud-provider-vsphere, README, "Compatibility '
            'with Kubernetes" (only guaranteed for its own minor)); pin another version of one of the two'
        ),
    ]


def test_what_is_asked_for_and_missing_is_wrong_for_the_environments_that_run_the_release(catalog: Catalog) -> None:
    change(release_file(catalog), ("\n  kube-vip:\n", "\n  kube-vap:\n"))
    with pytest.raises(DocumentsRefused) as refused:
        list(check_releases(VERSION, Catalog(catalog.root)))
    assert str(refused.value) == (
        f"stacks/releases/{VERSION}.yaml:{line_of(release_file(catalog), 'images:', 'images:')}: images.kube-vip: "
        "is not pinned, and asked for by dev; pin it, or leave out what asks for it there"
    )


def test_environments_that_are_refused_are_said_not_to_count(catalog: Catalog) -> None:
    document = catalog.root / "stacks" / "environments" / "dev.yaml"
    change(document, ("  apiAddress: 10.20.0.5\n", "  apiAddress: 10.99.0.5\n"))
    said = list(check_releases(VERSION, Catalog(catalog.root)))
    assert said[-1] == "warning: stacks/environments/dev.yaml: is refused itself; what it asks for was not counted"


def test_release_that_changed_after_it_was_frozen_is_wrong(catalog: Catalog) -> None:
    names = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "first"], ["tag", "v1"]):
        subprocess.run(["git", "-C", str(catalog.root), *names, *words], check=True, capture_output=True)
    list(check_releases(VERSION, Catalog(catalog.root)))
    change(release_file(catalog), ("# Every version that goes together.", "# Every version."))
    with pytest.raises(DocumentsRefused, match="has changed since tag v1 froze it"):
        list(check_releases(VERSION, Catalog(catalog.root)))


def test_release_that_is_none_is_refused(catalog: Catalog) -> None:
    with pytest.raises(DocumentsRefused, match="there is no such release; releases here: "):
        list(check_releases("2020.1.0", catalog))
