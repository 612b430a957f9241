"""What seals are made of: what a run writes anew without a change is none, and no secret decides a hash."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.review.machines import MACHINE
from infra.review.seal_parts import Below, below, handover_hash, state_hash

MARK = "4dabf18193072939515e22adb298388d"
EXPORTED: dict[str, Any] = {
    "version": 3,
    "deployment": {
        "manifest": {"time": "2026-11-26T20:36:26Z", "magic": "m", "version": "v3.259.0"},
        "secrets_providers": {"type": "passphrase", "state": {"salt": "s"}},
        "resources": [
            {
                "urn": "urn:stack",
                "type": "pulumi:pulumi:Stack",
                "outputs": {
                    "handover": {"api": "https://10.0.0.1:6443", "kubeconfig": {MARK: "sig", "ciphertext": "v1:a"}}
                },
                "created": "2026-11-26T20:36:26Z",
            },
            {"urn": "urn:vm", "type": MACHINE, "inputs": {"memory": 1024}, "modified": "t", "sourcePosition": "a#1"},
        ],
        "metadata": {},
    },
}


def with_(path: list[Any], value: Any) -> dict[str, Any]:
    found = deepcopy(EXPORTED)
    place = found["deployment"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return found


@pytest.mark.parametrize(
    "other",
    [
        with_(["manifest", "time"], "later"),
        with_(["secrets_providers"], {}),
        with_(["resources", 0, "created"], "later"),
        with_(["resources", 1, "modified"], "later"),
        with_(["resources", 1, "sourcePosition"], "a#2"),
        with_(["resources", 0, "outputs", "handover", "kubeconfig", "ciphertext"], "v1:b"),
        with_(["resources"], EXPORTED["deployment"]["resources"][::-1]),
    ],
)
def test_what_a_run_without_changes_writes_anew_is_no_change_of_the_state(other: dict[str, Any]) -> None:
    assert other != EXPORTED
    assert state_hash(other) == state_hash(EXPORTED)


@pytest.mark.parametrize(
    "other",
    [
        with_(["resources", 1, "inputs", "memory"], 2048),
        with_(["resources", 0, "outputs", "handover", "api"], "https://10.0.0.2:6443"),
        with_(["resources", 0, "outputs", "handover", "kubeconfig"], "open"),
        with_(["resources"], EXPORTED["deployment"]["resources"][:1]),
        with_(["resources"], [*EXPORTED["deployment"]["resources"], EXPORTED["deployment"]["resources"][1]]),
        with_(["pending_operations"], [{"type": "creating"}]),
        with_(["resources", 1, "protect"], "yes"),
    ],
)
def test_what_changes_a_state_changes_its_hash(other: dict[str, Any]) -> None:
    assert state_hash(other) != state_hash(EXPORTED)


def test_no_stack_and_an_empty_one_are_the_same() -> None:
    empty: list[dict[str, Any] | None] = [None, {}, {"deployment": None}, {"deployment": {"manifest": {"time": "t"}}}]
    assert len({state_hash(each) for each in empty}) == 1
    assert len({handover_hash(each) for each in empty}) == 1
    assert state_hash(EXPORTED) != state_hash(None)


def test_a_hand_over_is_told_without_its_secrets() -> None:
    rotated = with_(["resources", 0, "outputs", "handover", "kubeconfig", "ciphertext"], "v1:b")
    moved_ = with_(["resources", 0, "outputs", "handover", "api"], "https://10.0.0.2:6443")
    elsewhere = with_(["resources", 1, "inputs", "memory"], 2048)
    assert handover_hash(rotated) == handover_hash(EXPORTED) == handover_hash(elsewhere)
    assert handover_hash(moved_) != handover_hash(EXPORTED)
    assert below("dev.compute", EXPORTED) == Below("dev.compute", handover_hash(EXPORTED), state_hash(EXPORTED))


@given(st.text(min_size=1))
@settings(deadline=None)
def test_no_secret_decides_a_hash(secret: str) -> None:
    for key in ("ciphertext", "plaintext", "value"):
        other = with_(["resources", 0, "outputs", "handover", "kubeconfig"], {MARK: "sig", key: json.dumps(secret)})
        assert handover_hash(other) == handover_hash(EXPORTED)
        assert state_hash(other) == state_hash(EXPORTED)
