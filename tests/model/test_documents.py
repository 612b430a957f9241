"""Documents: good ones load, each bad one gets exactly the refusals that stand in its file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from infra.catalog import ROOT, Catalog
from infra.errors import DocumentsRefused

DOCUMENTS = Path(__file__).parent.parent / "documents"
GOOD = DOCUMENTS / "valid" / "small.yaml"
VALID = sorted((DOCUMENTS / "valid").glob("*.yaml"))
INVALID = sorted((DOCUMENTS / "invalid").glob("*.yaml"))


def catalog_with(text: str, folder: Path) -> Catalog:
    """Return a catalogue that has this repository's releases and one environment, named small."""
    environments = folder / "stacks" / "environments"
    environments.mkdir(parents=True)
    (folder / "stacks" / "releases").symlink_to(ROOT / "stacks" / "releases")
    (environments / "small.yaml").write_text(text, encoding="utf-8")
    return Catalog(folder)


def refused_by(replacements: dict[str, str]) -> str:
    """Return the refusals of the good document with some of its text replaced."""
    text = GOOD.read_text(encoding="utf-8")
    for this, by in replacements.items():
        assert this in text, f"the good document does not hold {this!r}"
        text = text.replace(this, by, 1)
    with tempfile.TemporaryDirectory() as folder, pytest.raises(DocumentsRefused) as refused:
        catalog_with(text, Path(folder)).load("small")
    return str(refused.value)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_bad_document_gets_exactly_its_refusals(path: Path) -> None:
    case = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    assert refused_by({entry["this"]: entry["by"] for entry in case["replace"]}) == case["refused"].rstrip("\n")


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_good_document_loads(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    name = text.partition("name: ")[2].partition("\n")[0]
    catalog = catalog_with(text, tmp_path)
    (tmp_path / "stacks" / "environments" / "small.yaml").rename(tmp_path / "stacks" / "environments" / f"{name}.yaml")
    environment, release = catalog.load(name)
    assert environment.name == name
    assert release.version == environment.release


def test_environment_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    catalog = catalog_with(GOOD.read_text(encoding="utf-8"), tmp_path)
    with pytest.raises(DocumentsRefused) as refused:
        catalog.load("smal")
    assert str(refused.value) == (
        "stacks/environments/smal.yaml: there is no such environment; environments here: small"
    )


def test_refusals_of_several_kinds_come_all_at_once_in_the_order_of_the_document() -> None:
    lines = refused_by(
        {
            "cidr: 10.30.0.0/24": "cidr: 10.30.0.1/24",
            "diskGiB: 60": "diskGiB: sixty",
            "release: 2026.11.0": "release: 2020.01.0",
            "    count: 2": "    count: 2\n    taints: []",
        }
    ).splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "release",
        "network.cidr",
        "controlPlane.diskGiB",
        "nodePools.cpu.taints",
    ]
    positions = [int(line.split(":")[1]) for line in lines]
    assert positions == sorted(positions)
