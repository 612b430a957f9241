"""What makes a program another program."""

from pathlib import Path

import pytest

from tests.tools.conftest import Checkout
from tools.install.catalog import GoBuild
from tools.install.content import build_key, module_digest

BUILD = GoBuild(module="tools/small", pinned="example.org/small", package=".", variables={"main.version": "1"})


@pytest.fixture
def root(checkout: Checkout) -> Path:
    module_digest.cache_clear()
    (checkout.module / "data").mkdir()
    (checkout.module / "data" / "table.json").write_text("{}")
    return checkout.root


def key(root: Path, build: GoBuild = BUILD, go_version: str = "go1.26.0") -> str:
    module_digest.cache_clear()
    return build_key(root, build, go_version)


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "main.go", "data/table.json", "data/more.go"])
def test_every_source_counts(root: Path, file: str) -> None:
    before = key(root)
    path = root / "tools" / "small" / file
    path.write_text((path.read_text() if path.exists() else "") + "\n// changed\n")
    assert key(root) != before


@pytest.mark.parametrize("file", ["main_test.go", ".main.go.swp", "testdata/expected.txt", "data/x_test.go"])
def test_what_no_build_reads_does_not_count(root: Path, file: str) -> None:
    before = key(root)
    path = root / "tools" / "small" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("changed\n")
    assert key(root) == before


def test_moving_content_between_files_counts(root: Path) -> None:
    before = key(root)
    (root / "tools" / "small" / "main.go").rename(root / "tools" / "small" / "other.go")
    assert key(root) != before


def test_compiler_and_flags_count(root: Path) -> None:
    keys = {
        key(root),
        key(root, go_version="go1.26.1"),
        key(root, BUILD._replace(variables={"main.version": "2"})),
        key(root, BUILD._replace(package="./other")),
    }
    assert len(keys) == 4


def test_the_checkouts_place_does_not_count(root: Path, tmp_path: Path) -> None:
    before = key(root)
    root.rename(tmp_path / "moved")
    assert key(tmp_path / "moved") == before
