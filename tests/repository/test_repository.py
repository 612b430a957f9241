"""The repository is under test too: its documents, its rooms, its words."""

from __future__ import annotations

import ast
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from infra.catalog import ROOT, Catalog
from infra.operate.documents import schema_texts

if TYPE_CHECKING:
    from pathlib import Path

# Bottom to top: a room imports itself and what stands before it. `infra.operate` may start a rehearsal, by name.
ROOMS = [
    "infra.errors",
    "infra.model",
    "infra.documents",
    "infra.catalog",
    "infra.render",
    "infra.guest_info",
    "infra.vsphere",
    "infra.compute",
    "infra.program",
    "infra.operate",
    "rehearsal",
]
ALLOWED_UPWARDS = {("infra/operate/cli.py", "rehearsal.run")}  # `slipway rehearse` hands over
LONGEST_MODULE = 300  # lines
LONGEST_FUNCTION = 50  # lines
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
    pure = [*python_files("infra/model"), ROOT / "infra/compute/plan.py", ROOT / "infra/operate/interrupted.py"]
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


@pytest.mark.parametrize("name", Catalog().environment_names())
def test_every_environment_loads_and_has_what_it_needs(name: str) -> None:
    environment, _ = Catalog().load(name)
    assert (ROOT / "stacks" / f"Pulumi.{environment.name}.compute.yaml").exists()
    assert (ROOT / "rehearsal" / "inventories" / f"{environment.name}.yaml").exists()


def test_schemas_are_those_of_the_models() -> None:
    stored = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "stacks" / "schemas").glob("*.json")}
    assert stored == schema_texts(), "run: ./slipway schema"


def test_every_field_of_a_document_is_described() -> None:
    import json  # noqa: PLC0415 - used here alone

    for name, text in schema_texts().items():
        schema = json.loads(text)
        for title, model in {"": schema, **schema["$defs"]}.items():
            for key, field in model.get("properties", {}).items():
                assert "description" in field or "$ref" in field or "anyOf" in field, f"{name}: {title}.{key}"


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
