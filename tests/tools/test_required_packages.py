"""Which plugins the engine is told to load."""

import json
from pathlib import Path

import pytest

from tools.language_host.packages import RequiredPackage, is_installed, required_packages


def declare(site_packages: Path, module: str, **fields: object) -> None:
    (site_packages / module).mkdir(parents=True)
    (site_packages / module / "pulumi-plugin.json").write_text(json.dumps(fields))


def test_packages_that_declare_a_plugin_are_listed_by_name(tmp_path: Path) -> None:
    declare(tmp_path, "pulumi_vsphere", resource=True, name="vsphere", version="4.18.2")
    declare(tmp_path, "pulumi_kubernetes", resource=True, name="kubernetes", version="v4.34.2")
    declare(tmp_path, "acme_gpu", resource=True, name="gpu", version="1.0.0", server="https://example.org")
    (tmp_path / "requests").mkdir()
    assert required_packages([tmp_path]) == [
        RequiredPackage("gpu", "v1.0.0", "https://example.org"),
        RequiredPackage("kubernetes", "v4.34.2", ""),
        RequiredPackage("vsphere", "v4.18.2", ""),
    ]


def test_a_declaration_without_name_and_version_is_named_after_its_module(tmp_path: Path) -> None:
    declare(tmp_path, "pulumi_azure_native", resource=True)
    assert required_packages([tmp_path]) == [RequiredPackage("azure-native", "", "")]


def test_a_package_without_a_plugin_of_its_own_is_not_listed(tmp_path: Path) -> None:
    declare(tmp_path, "pulumi_policy", resource=False)
    assert required_packages([tmp_path]) == []


def test_a_damaged_declaration_is_named(tmp_path: Path) -> None:
    declare(tmp_path, "pulumi_random", resource=True)
    file = tmp_path / "pulumi_random" / "pulumi-plugin.json"
    file.write_text("{")
    with pytest.raises(ValueError, match=f"{file} is not valid JSON"):
        required_packages([tmp_path])


@pytest.mark.parametrize(
    ("plugin", "expected"),
    [("resource-vsphere-v4.17.0", True), ("resource-vsphere-extra-v1.0.0", False), ("language-vsphere-v1.0.0", False)],
)
def test_a_plugin_is_looked_for_in_the_engines_folder(tmp_path: Path, plugin: str, *, expected: bool) -> None:
    (tmp_path / "plugins" / plugin).mkdir(parents=True)
    package = RequiredPackage("vsphere", "v4.18.2", "")
    assert is_installed(package, {"PULUMI_HOME": str(tmp_path)}) == expected
