"""Documents: good ones load, each bad one gets exactly the refusals that stand in its file."""

from __future__ import annotations

import re
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
            other = replaced(other, case["beside"])
            name = case.get("other_file", other.partition("name: ")[2].partition("\n")[0])
            (Path(folder) / "stacks" / "environments" / f"{name}.yaml").write_text(other, encoding="utf-8")
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


def other_text(*pairs: tuple[str, str]) -> str:
    """Return the document of environment other, which goes with the good one, with texts replaced."""
    text = GOOD.read_text(encoding="utf-8")
    for this, by in (*OTHER, *pairs):
        assert this in text, this
        text = text.replace(this, by)
    return text


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("name: [", "can't be read; small was not compared with it"),
        (
            other_text(("cpus: 4\n    memoryGiB: 16", "cpus: four\n    memoryGiB: lots\n    colour: red")),
            (
                "is refused itself (nodePools.cpu.cpus, nodePools.cpu.memoryGiB, nodePools.cpu.colour); "
                "small was not wholly compared with it, mend it: ./slipway validate other"
            ),
        ),
        (
            other_text(("release: 2026.11.0", "release: 2020.1.0"), ("10.31.0.1\n", "10.31.0.300\n"), ("4", "four")),
            None,
        ),
        (
            other_text(("release: 2026.11.0", "release: 2020.1.0")),
            "is refused itself (release); small was not wholly compared with it, mend it: ./slipway validate other",
        ),
        (other_text(), ""),
    ],
    ids=["no YAML", "a pool", "much", "its release", "nothing"],
)
def test_neighbour_that_is_refused_itself_is_a_warning_and_no_refusal(
    text: str, warned: str | None, tmp_path: Path
) -> None:
    catalog = catalog_with(GOOD.read_text(encoding="utf-8"), tmp_path)
    (tmp_path / "stacks" / "environments" / "other.yaml").write_text(text, encoding="utf-8")
    assert catalog.load("small")[0].name == "small"
    warnings = [str(warning) for warning in catalog.warnings("small")]
    if warned is None:
        (warning,) = warnings
        assert re.search(r"\((\S+, ){2}\S+ and \d+ more\)", warning)
    else:
        assert warnings == ([f"stacks/environments/other.yaml: {warned}"] if warned else [])


def test_api_address_of_another_vcenter_is_a_warning_where_networks_overlap(tmp_path: Path) -> None:
    elsewhere = [("vcenter.other", "vcenter.elsewhere"), ("10.31.0.0/24", "10.30.0.0/16"), ("10.31.0.5", "10.30.0.2")]
    catalog = catalog_with(GOOD.read_text(encoding="utf-8"), tmp_path)
    path = tmp_path / "stacks" / "environments" / "other.yaml"
    text = GOOD.read_text(encoding="utf-8").replace("vcenter.small", "vcenter.other")
    for this, by in (*OTHER, *elsewhere, ("gateway: 10.31.0.1", "gateway: 10.30.0.1"), ("10.31.", "10.30.9.")):
        text = text.replace(this, by)
    path.write_text(text, encoding="utf-8")
    catalog.load("small")
    found = [(warning.path, warning.reason) for warning in catalog.warnings("small") if warning.path]
    assert found == [("network.nameservers[0]", "is network.apiAddress of environment other")]


UNREADABLE = {
    "nested": ("a: " + "[" * 2000, "is nested too deeply; write it flat, as the examples are"),
    "folder": (None, "is a folder; move it elsewhere, documents are files"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_file_that_can_not_be_read_is_one_line(case: str, tmp_path: Path) -> None:
    text, said = UNREADABLE[case]
    catalog = catalog_with(GOOD.read_text(encoding="utf-8"), tmp_path)
    path = tmp_path / "stacks" / "environments" / "odd.yaml"
    if text is None:
        path.mkdir()
    else:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentsRefused) as refused:
        catalog.load("odd")
    assert str(refused.value).splitlines()[0] == f"stacks/environments/odd.yaml: {said}"
    assert catalog.load("small")[0].name == "small"


def test_file_of_somebody_else_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any, **__: Any) -> str:
        raise PermissionError(13, "Permission denied")

    catalog = catalog_with(GOOD.read_text(encoding="utf-8"), tmp_path)
    monkeypatch.setattr(Path, "read_text", denied)
    with pytest.raises(DocumentsRefused) as refused:
        catalog.load("small")
    assert str(refused.value).splitlines()[0] == (
        "stacks/environments/small.yaml: can't be read (Permission denied); let yourself read it: see its owner and "
        "mode"
    )


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
