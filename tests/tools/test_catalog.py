"""The real list of programs, and what happens to a wrong one."""

import re
from pathlib import Path

import pytest

from tests.tools.conftest import ROOT, Checkout
from tools.install.catalog import Program, read_catalog
from tools.install.errors import InstallError

CATALOG = read_catalog(ROOT / "tools" / "tools.yaml")
PROGRAMS = list(CATALOG.programs.values())


def go_modules(folder: Path) -> dict[str, str]:
    """Return the modules a go.mod requires, with their versions."""
    text = (folder / "go.mod").read_text()
    return dict(re.findall(r"^(?:require )?\s*([\w./-]+\.[\w./-]+) (v[\w.+-]+)", text, re.MULTILINE))


def python_packages(file: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w-]+)==(\S+)", file.read_text(), re.MULTILINE))


@pytest.mark.parametrize("program", [each for each in PROGRAMS if each.go], ids=lambda each: each.name)
def test_a_program_is_pinned_to_its_version_by_its_module(program: Program) -> None:
    assert program.go is not None
    folder = ROOT / program.go.module
    assert go_modules(folder)[program.go.pinned] == f"v{program.version}"
    assert (folder / "go.sum").is_file()


@pytest.mark.parametrize("program", [each for each in PROGRAMS if each.go], ids=lambda each: each.name)
def test_a_third_party_program_is_a_tool_of_its_module(program: Program) -> None:
    assert program.go is not None
    folder = ROOT / program.go.module
    if program.go.package == ".":
        assert list(folder.glob("*.go"))
    else:
        assert program.go.package in (folder / "go.mod").read_text().split()


def test_engine_and_plugins_have_the_versions_of_the_python_packages() -> None:
    packages = python_packages(ROOT / "requirements.txt")
    assert CATALOG.programs["pulumi"].version == packages["pulumi"]
    assert CATALOG.programs["pulumi-language-python"].version == packages["pulumi"]
    plugins = {program.plugin.name: program.plugin.version for program in PROGRAMS if program.plugin}
    assert plugins == {name: packages[f"pulumi-{name}"] for name in ("kubernetes", "vsphere")}


def test_kubernetes_comes_from_one_set_of_modules() -> None:
    text = (ROOT / "tools" / "kubernetes" / "go.mod").read_text()
    version = CATALOG.programs["kubectl"].version
    replaced = re.findall(r"^\t(k8s\.io/\S+) => (\S+) (\S+)$", text, re.MULTILINE)
    assert len(replaced) > 30
    assert all(old == new and f"v1{found[2:]}" == f"v{version}" for old, new, found in replaced)


def test_every_program_has_a_way_and_every_file_it_names_is_there() -> None:
    for program in PROGRAMS:
        assert any((program.go, program.release, program.plugin, program.debian, program.launcher))
        if program.debian:
            assert (ROOT / program.debian.requirements).is_file()
        if program.launcher:
            assert (ROOT / program.launcher.script).is_file()
            assert program.launcher.part_of in CATALOG.programs
    assert set(CATALOG.default) <= {program.group for program in PROGRAMS}


def test_addresses_are_filled_in() -> None:
    releases = [program.release for program in PROGRAMS if program.release]
    for release in releases:
        assert (release.archive or release.file).startswith("https://")
        assert "{" not in f"{release}"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("go: {modul: x, pinned: y, package: z}", "GoBuild.__new__() got an unexpected keyword argument 'modul'"),
        ("colour: red", "Program.__new__() got an unexpected keyword argument 'colour'"),
        ("go: {module: x}", "GoBuild.__new__() missing 2 required positional arguments: 'pinned' and 'package'"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, entry: str, reason: str) -> None:
    file = tmp_path / "tools.yaml"
    file.write_text(f"default: []\nprograms:\n  small:\n    group: engine\n    version: 1.2.3\n    {entry}\n")
    with pytest.raises(InstallError) as caught:
        read_catalog(file)
    assert str(caught.value) == f"{file} is not as its head describes: {reason}"


def test_an_unknown_program_is_named_with_the_known_ones(checkout: Checkout) -> None:
    answer = checkout.install("larg")
    assert (answer.returncode, answer.stderr) == (2, "unknown program larg: there are small\n")


def test_an_unknown_mode_is_named_with_the_known_ones(checkout: Checkout) -> None:
    answer = checkout.install(SLIPWAY_TOOLS="offline")
    assert answer.returncode == 2
    assert answer.stderr == "SLIPWAY_TOOLS is offline: set it to auto, build, download, or unset it\n"


def test_the_list_shows_what_is_in_place(checkout: Checkout) -> None:
    assert checkout.install("--list").stdout.split() == ["small", "1.2.3", "engine", "-"]
    checkout.install()
    assert checkout.install("--list").stdout.split() == ["small", "1.2.3", "engine", "in", "place"]


def test_an_optional_program_that_cannot_be_had_is_said_but_no_failure(checkout: Checkout) -> None:
    checkout.programs("""
  extra:
    group: engine
    version: 1.2.3
    optional: true
    plugin: {name: extra, version: 1.2.3}
""")
    line = "extra: SLIPWAY_TOOLS=build leaves no way to get it\n"
    default, named = checkout.install(), checkout.install("extra")
    assert (default.returncode, default.stderr) == (0, line)
    assert (named.returncode, named.stderr) == (2, line)
