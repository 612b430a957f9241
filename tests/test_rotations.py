"""Rotations: names of secrets that there are, and those that must stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.catalog import Catalog
from infra.errors import DocumentsRefused
from infra.rotations import check_rotations, made_secrets, not_rotated
from tests.support.environments import CATALOG
from tests.support.stacks import copy_stacks

if TYPE_CHECKING:
    from pathlib import Path

DEV, RELEASE = CATALOG.load("dev")


def checked(root: Path, rotations: list[str], *replaced: tuple[str, str]) -> list[str]:
    """Return what is said of dev's document with these lines of rotations, which are its last ones."""
    copy_stacks(root)
    document = root / "stacks" / "environments" / "dev.yaml"
    text = document.read_text(encoding="utf-8")
    for this, by in replaced:
        assert this in text
        text = text.replace(this, by)
    document.write_text("\n  ".join([f"{text}rotations:", *rotations]) + "\n", encoding="utf-8")
    catalog = Catalog(root)
    try:
        check_rotations(catalog, *catalog.load("dev"))
    except DocumentsRefused as refused:
        last = text.count("\n") + 1 + len(rotations)
        return [str(each).replace(f"dev.yaml:{last}:", "dev.yaml:LAST:") for each in refused.refusals]
    return []


@pytest.mark.parametrize("name", ["client-git", "database-mlflow", "buckets-loki", "gitea-tokens"])
def test_secrets_that_are_made_can_be_made_anew(tmp_path: Path, name: str) -> None:
    assert checked(tmp_path, [f"{name}: 1"]) == []


def test_the_signing_key_stays_as_long_as_nothing_else_is_let_in(tmp_path: Path) -> None:
    (line,) = checked(tmp_path / "enforced", ["cosign: 1"])
    assert "set toolchain.signing.enforce to false" in line
    assert checked(tmp_path / "open", ["cosign: 1"], ("    enforce: true\n", "    enforce: false\n")) == []


def test_a_name_that_is_not_known_is_answered_with_those_like_it(tmp_path: Path) -> None:
    (line,) = checked(tmp_path, ["client-gut: 1"])
    place = "stacks/environments/dev.yaml:LAST: rotations.client-gut: 1: "
    assert line.startswith(f"{place}no such secret is made here; use one of client-git, ")


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    found = checked(tmp_path, ["nothing-like-it: 1", "gitea-secret-key: 2"])
    assert len(found) == 2
    assert any(each.endswith(f"use one of {', '.join(made_secrets(DEV, RELEASE))}") for each in found)
    assert (
        "stacks/environments/dev.yaml:LAST: rotations.gitea-secret-key: 2: can't be made anew: Gitea has encrypted "
        "what it keeps with it (tokens, second factors, webhooks); keep it"
    ) in found


def test_what_must_stay_is_made_somewhere() -> None:
    assert set(not_rotated()) <= set(made_secrets(DEV, RELEASE))
