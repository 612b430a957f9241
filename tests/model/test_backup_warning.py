"""What backups leave out is told by name, where an environment has it."""

from __future__ import annotations

from typing import Any

import pytest

from infra.catalog import ROOT
from infra.model.rules.warnings import own_warnings
from infra.model.tools import all_tools
from tests.support.environments import CATALOG, changed

DEV, _ = CATALOG.load("dev")
REPOSITORIES, FILES = "repositories of toolchain.code", "people's files of toolchain.notebooks"
METRICS, IMAGES = "metrics of platform.monitoring", "images of platform.registry"


def told(changes: dict[str, Any]) -> list[str]:
    """Return what is said to be in no copy."""
    found = [each for each in own_warnings(changed(DEV, changes)) if each.path == "platform.backups"]
    return [name for each in found for name in each.reason.partition("not copied: ")[2].split(", ")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [FILES, METRICS]),
        ({"platform.objectStore": None}, [REPOSITORIES, FILES, METRICS]),
        ({"platform.registry.kind": "zot"}, [IMAGES, FILES, METRICS]),
        ({"toolchain.notebooks": None}, [METRICS]),
        ({"toolchain.notebooks": None, "platform.monitoring": None}, []),
        ({"platform.backups": None}, []),
    ],
    ids=["harbor", "no buckets", "zot", "no notebooks", "nothing in volumes", "no backups"],
)
def test_what_is_in_no_copy_is_named(changes: dict[str, Any], expected: list[str]) -> None:
    assert told(changes) == expected


def test_page_on_restoring_names_every_tool_that_is_not_copied() -> None:
    page = (
        (ROOT / "docs" / "restore.md").read_text(encoding="utf-8").partition("## Not copied")[2].partition("\n## ")[0]
    )
    tools = {each.section: each for each in all_tools().values()}
    assert tools["toolchain.code"].title in page
    for word in ("zot", "notebooks", "Prometheus"):
        assert word in page
