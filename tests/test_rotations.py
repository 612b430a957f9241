"""Rotations: names of secrets that there are, and those that must stay."""

from __future__ import annotations

import pytest

from infra.errors import DocumentsRefused
from infra.rotations import check_rotations, made_secrets, not_rotated
from tests.support.environments import CATALOG, changed

DEV, RELEASE = CATALOG.load("dev")


def refused(rotations: dict[str, int]) -> list[str]:
    with pytest.raises(DocumentsRefused) as caught:
        check_rotations(changed(DEV, {"rotations": rotations}), RELEASE)
    return [str(each) for each in caught.value.refusals]


@pytest.mark.parametrize("name", ["client-git", "database-mlflow", "buckets-loki", "gitea-tokens"])
def test_secrets_that_are_made_can_be_made_anew(name: str) -> None:
    check_rotations(changed(DEV, {"rotations": {name: 1}}), RELEASE)


def test_the_signing_key_stays_as_long_as_nothing_else_is_let_in() -> None:
    (line,) = refused({"cosign": 1})
    assert "set toolchain.signing.enforce to false" in line
    open_to_all = changed(DEV, {"rotations": {"cosign": 1}, "toolchain.signing.enforce": False})
    check_rotations(open_to_all, RELEASE)


def test_a_name_that_is_not_known_is_answered_with_those_like_it() -> None:
    (line,) = refused({"client-gut": 1})
    said = "stacks/environments/dev.yaml: rotations.client-gut: 1: no such secret is made here; use one of client-git, "
    assert line.startswith(said)


def test_all_that_is_wrong_is_said_at_once() -> None:
    second, first = refused({"nothing-like-it": 1, "gitea-secret-key": 2})
    assert first.endswith(f"use one of {', '.join(made_secrets(DEV, RELEASE))}")
    assert second == (
        "stacks/environments/dev.yaml: rotations.gitea-secret-key: 2: can't be made anew: Gitea has encrypted what it "
        "keeps with it (tokens, second factors, webhooks); keep it"
    )


def test_what_must_stay_is_made_somewhere() -> None:
    assert set(not_rotated()) <= set(made_secrets(DEV, RELEASE))
