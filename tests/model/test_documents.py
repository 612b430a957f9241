"""Documents: good ones load, each bad one gets exactly the refusals that stand in its file."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from infra.catalog import ROOT, Catalog
from infra.errors import DocumentsRefused

DOCUMENTS = Path(__file__).parent.parent / "documents"
GOOD = DOCUMENTS / "valid" / "small.yaml"
VALID = sorted((DOCUMENTS / "valid").glob("*.yaml"))
INVALID = sorted((DOCUMENTS / "invalid").glob("*.yaml"))
RELEASE = ROOT / "stacks" / "releases" / "2026.11.0.yaml"
# The other environment of a case that has one: the same vCenter and template, everything else its own.
OTHER = [
    ("name: small", "name: other"),
    ("folder: slipway-small", "folder: slipway-other"),
    ("domain: small.", "domain: other."),
    ("10.30.", "10.31."),
]


def catalog_with(text: str, folder: Path) -> Catalog:
    """Return a catalogue that has this repository's releases and one environment, named small."""
    environments = folder / "stacks" / "environments"
    environments.mkdir(parents=True)
    shutil.copytree(ROOT / "stacks" / "releases", folder / "stacks" / "releases")
    (environments / "small.yaml").write_text(text, encoding="utf-8")
    return Catalog(folder)


def replaced(text: str, pairs: list[dict[str, str]]) -> str:
    for pair in pairs:
        assert pair["this"] in text, f"the text does not hold {pair['this']!r}"
        text = text.replace(pair["this"], pair["by"], 1)
    return text


def refused_by(case: dict[str, Any]) -> str:
    """Return the refusals of the good document with some of its text replaced, perhaps beside another one."""
    text = GOOD.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        catalog = catalog_with(replaced(text, case["replace"]), Path(folder))
        if "beside" in case:
            other = text
            for this, by in OTHER:
                other = other.replace(this, by)
            path = Path(folder) / "stacks" / "environments" / "other.yaml"
            path.write_text(replaced(other, case["beside"]), encoding="utf-8")
        if "release" in case:
            release = replaced(RELEASE.read_text(encoding="utf-8"), case["release"])
            (Path(folder) / "stacks" / "releases" / "2026.12.0.yaml").write_text(release, encoding="utf-8")
        with pytest.raises(DocumentsRefused) as refused:
            catalog.load("small")
    return str(refused.value)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_bad_document_gets_exactly_its_refusals(path: Path, request: pytest.FixtureRequest) -> None:
    text = path.read_text(encoding="utf-8")
    case = YAML(typ="safe").load(text)
    said = refused_by(case)
    if request.config.getoption("--update-golden"):
        block = "".join(f"  {line}\n" for line in said.splitlines())
        path.write_text(f"{text.partition('refused: |')[0]}refused: |\n{block}", encoding="utf-8")
    else:
        assert said == case["refused"].rstrip("\n")


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


def test_neighbour_that_is_refused_itself_is_no_reason_to_refuse(tmp_path: Path) -> None:
    catalog = catalog_with(GOOD.read_text(encoding="utf-8"), tmp_path)
    (tmp_path / "stacks" / "environments" / "broken.yaml").write_text("name: [", encoding="utf-8")
    assert catalog.load("small")[0].name == "small"


def test_refusals_of_several_kinds_come_all_at_once_in_the_order_of_the_document() -> None:
    pairs = {
        "cidr: 10.30.0.0/24": "cidr: 10.30.0.1/24",
        "diskGiB: 60": "diskGiB: sixty",
        "release: 2026.11.0": "release: 2020.01.0",
        "    count: 2": "    count: 2\n    colour: blue",
    }
    lines = refused_by({"replace": [{"this": this, "by": by} for this, by in pairs.items()]}).splitlines()
    assert lines.pop() == (
        "stacks/environments/small.yaml: addresses and other environments are compared once these are mended"
    )
    assert [line.split(": ")[1] for line in lines] == [
        "release",
        "network.cidr",
        "controlPlane.diskGiB",
        "nodePools.cpu.colour",
    ]
    positions = [int(line.split(":")[1]) for line in lines]
    assert positions == sorted(positions)


WARNED = {
    "controlPlane.antiAffinity": ("  count: 1\n", "  count: 3\n  antiAffinity: none\n"),
    "protected": ("  count: 1\n", "  count: 3\n"),
    "controlPlane.addresses": ("10.30.0.10-10.30.0.14", "10.30.0.10-10.30.0.10"),
    "nodePools.cpu.count": ("    count: 2", "    count: 0"),
    "nodePools.cpu.rollPolicy.maxUnavailable": (
        "    count: 2\n",
        "    count: 2\n    rollPolicy: {maxUnavailable: 2}\n",
    ),
    "firstBoot.apiServer.encryptionAtRest": ("  user: ops\n", "  user: ops\n  apiServer: {encryptionAtRest: none}\n"),
    "firstBoot.apiServer.auditLevel": ("  user: ops\n", "  user: ops\n  apiServer: {auditLevel: none}\n"),
    "firstBoot.registryMirrors.docker.io[0]": (
        "  user: ops\n",
        '  user: ops\n  registryMirrors: {docker.io: ["http://mirror.example.internal"]}\n',
    ),
    "vcenter.clusters[1]": ("    count: 2\n", "    count: 2\n    cluster: cluster-01\n"),
}


@pytest.mark.parametrize("path", WARNED)
def test_what_may_not_be_meant_is_a_warning_and_no_refusal(path: str, tmp_path: Path) -> None:
    text = GOOD.read_text(encoding="utf-8")
    assert catalog_with(text, tmp_path / "good").warnings("small") == []
    this, by = WARNED[path]
    changed = text.replace(this, by, 1)
    if path == "vcenter.clusters[1]":
        changed = changed.replace("[cluster-01]", "[cluster-01, cluster-02]")
        changed = changed.replace("  count: 1\n", "  count: 1\n  cluster: cluster-01\n", 1)
    assert path in [warning.path for warning in catalog_with(changed, tmp_path / "changed").warnings("small")]


def test_one_network_on_two_port_groups_is_a_warning(tmp_path: Path) -> None:
    text = GOOD.read_text(encoding="utf-8")
    catalog = catalog_with(text, tmp_path)
    other = text.replace("name: small", "name: other").replace("slipway-small", "slipway-other")
    for this, by in {
        "network: vm-network": "network: other-network",
        "apiAddress: 10.30.0.5": "apiAddress: 10.30.0.6",
        "10.30.0.10-10.30.0.14": "10.30.0.40-10.30.0.44",
        "10.30.0.20-10.30.0.39": "10.30.0.120-10.30.0.139",
        "10.30.0.200-10.30.0.219": "10.30.0.220-10.30.0.229",
    }.items():
        other = other.replace(this, by)
    (tmp_path / "stacks" / "environments" / "other.yaml").write_text(other, encoding="utf-8")
    (warning,) = catalog.warnings("small")
    assert warning.reason == "is the network of environment other, whose port group is other-network"
