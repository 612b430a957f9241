"""The repository is under test too: its documents, its rooms, its words."""

from __future__ import annotations

import ast
import re
import subprocess
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from infra.catalog import ROOT, Catalog
from infra.frozen import differs_from_frozen
from infra.model.handover import LAYERS
from infra.operate.documents import SCHEMAS, generated_texts
from infra.reference import inner_model
from infra.template_contract import FoundTemplate, template_differences
from rehearsal.inventory import inventory_file
from tests.support.environments import CATALOG
from tests.support.stacks import COMMITTED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic import BaseModel

# Bottom to top: a room imports itself and what stands before it. `infra.operate` may start a rehearsal, by name.
ROOMS = [
    "infra.errors",
    "infra.counting",
    "infra.plain_yaml",
    "infra.model",
    "infra.documents",
    "infra.catalog",
    "infra.render",
    "infra.charts",
    "infra.guest_info",
    "infra.identity",
    "infra.signing_key",
    "infra.kubernetes_api",
    "infra.frozen",
    "infra.for_real",
    "infra.template_contract",
    "infra.reference",
    "infra.wiring_page",
    "infra.picture",
    "infra.gpu",
    "infra.vsphere",
    "infra.components",
    "infra.compute",
    "infra.cluster",
    "infra.platform",
    "infra.toolchain",
    "infra.layer_plans",
    "infra.rotations",
    "infra.review",
    "infra.diagnosis",
    "infra.gpu_diagnosis",
    "infra.gpu_software",
    "infra.program",
    "infra.operate",
    "rehearsal",
]
_WIRING = ("kubernetes_plugin", "layer", "wiring")  # of the layers in the cluster, all else of which decides
# `slipway rehearse` and `slipway review --rehearse` hand over
ALLOWED_UPWARDS = {("infra/operate/cli.py", "rehearsal.run"), ("infra/operate/review.py", "rehearsal.change")}
LONGEST_MODULE = 300  # lines
LONGEST_FUNCTION = 50  # lines
UNITS = {"_gib": "GiB", "_mib": "MiB", "cidr": "CIDR", "vlan": "VLAN"}
SECRET = re.compile("password|token|secret|key", re.IGNORECASE)


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def room_of(module: str) -> int | None:
    matches = [index for index, room in enumerate(ROOMS) if module == room or module.startswith(f"{room}.")]
    return matches[-1] if matches else None


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found


@pytest.mark.parametrize("path", python_files("infra"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_never_imports_a_higher_one(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    own = room_of(name.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    if own is None:
        assert name == "infra/__init__.py"
        return
    higher = [module for module in imports(path) if (room := room_of(module)) is not None and room > own]
    assert [module for module in higher if (name, module) not in ALLOWED_UPWARDS] == []


def test_deciding_modules_know_no_pulumi_and_no_vcenter() -> None:
    names = [
        "diagnosis",
        "gpu_diagnosis",
        "gpu_software",
        "template_contract",
        "compute/plan",
        "compute/first_boot",
        "compute/node_files",
        *(
            f"{room}/{each.stem}"
            for room in ("components", "cluster", "platform", "toolchain")
            for each in python_files(f"infra/{room}")
            if each.stem not in _WIRING
        ),
    ]
    names += ["operate/interrupted", "operate/proposal"]
    pure = [*python_files("infra/model"), *(ROOT / "infra" / f"{name}.py" for name in names)]
    pure += [path for path in python_files("infra/review") if path.stem != "webhook"]  # which speaks to a service
    foreign = ("pulumi", "pyVmomi", "pyVim", "httpx")
    assert {
        str(path.relative_to(ROOT)): module
        for path in pure
        for module in imports(path)
        if module.partition(".")[0] in foreign or module.startswith("pulumi_")
    } == {}


def test_only_one_room_uses_pyvmomi() -> None:
    users = {
        path.relative_to(ROOT).parts[1]
        for path in python_files("infra")
        if any(module.partition(".")[0] in ("pyVmomi", "pyVim") for module in imports(path))
    }
    assert users == {"vsphere"}


@pytest.mark.parametrize(
    "path", python_files("infra", "rehearsal", "tools", "tests"), ids=lambda path: str(path.relative_to(ROOT))
)
def test_modules_and_functions_are_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_MODULE
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {f.name: f.end_lineno - f.lineno + 1 for f in functions if f.end_lineno}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize("name", COMMITTED)
def test_every_environment_loads_and_has_what_it_needs(name: str) -> None:
    environment, _ = CATALOG.load(name)
    for layer in LAYERS:
        assert (ROOT / "stacks" / f"Pulumi.{name}.{layer}.yaml").exists()
    assert inventory_file(ROOT, environment.vcenter.server).exists()


@pytest.mark.parametrize("name", COMMITTED)
def test_the_template_in_a_rehearsal_is_what_the_release_asks_for(name: str) -> None:
    environment, release = CATALOG.load(name)
    text = inventory_file(ROOT, environment.vcenter.server).read_text(encoding="utf-8")
    folder, _, file_name = environment.vcenter.template.rpartition("/")
    (datacenter,) = YAML(typ="safe").load(text)["datacenters"]
    (found,) = [t for t in datacenter["templates"] if (t.get("folder", ""), t["name"]) == (folder, file_name)]
    template = FoundTemplate(
        environment.vcenter.template,
        found["guestId"],
        found["firmware"],
        found["hardwareVersion"],
        found["diskGiB"],
        found["notes"],
    )
    assert template_differences(template, release) == []


@pytest.mark.parametrize("release_version", Catalog().release_versions())
def test_a_release_that_is_tagged_has_not_changed(release_version: str) -> None:
    assert differs_from_frozen(ROOT, release_version) is None


def test_the_newest_release_names_the_programs_that_are_installed() -> None:
    newest = max(Catalog().release_versions(), key=lambda each: [int(part) for part in each.split(".")])
    programs = Catalog().load_release(newest).programs
    assert {name: program.version for name, program in programs.items()} == {name: version(name) for name in programs}


@pytest.mark.parametrize("name", generated_texts())
def test_what_is_made_from_the_models_is_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == generated_texts()[name], "run: ./slipway schema"


def models_in(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        inner = inner_model(field.annotation)
        if inner is not None:
            yield from models_in(inner)


MODELS = sorted({m for top in SCHEMAS.values() for m in models_in(top)}, key=lambda m: m.__name__)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_every_field_of_a_document_has_a_title_a_description_and_an_example(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        assert field.title, name
        assert field.description, name
        assert field.examples, name
        unit = next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "")
        assert unit in field.description, f"{name}: its unit is not in its description"


def test_no_secret_stands_in_a_committed_file() -> None:
    for path in (ROOT / "stacks").rglob("*.yaml"):
        assert "PRIVATE KEY" not in path.read_text(encoding="utf-8")
    for path in (ROOT / "stacks").glob("Pulumi.*.yaml"):
        config = YAML(typ="safe").load(path.read_text(encoding="utf-8")).get("config", {})
        open_ones = [key for key, value in config.items() if SECRET.search(key) and set(value) != {"secure"}]
        assert open_ones == [], path


def test_readme_names_only_targets_files_and_commands_that_are_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in readme.splitlines():
        if line.strip().startswith("make "):
            target = line.split()[1]
            assert f"\n{target}:" in makefile, line
        for part in line.split("`")[1::2]:
            if part.endswith("/") and part.partition("/")[0] in ("infra", "rehearsal", "stacks", "templates", "tools"):
                assert (ROOT / part).is_dir(), part
    help_text = subprocess.run([str(ROOT / "slipway"), "--help"], capture_output=True, text=True, check=True).stdout
    commands = {line.split()[1] for line in readme.splitlines() if line.strip().startswith("./slipway ")}
    assert {command for command in commands if f" {command} " not in help_text} == set()
