"""What the engine's steps mean to people: whole paths, old and new, secrets left out, what forces a replacement."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.guest_info import packed
from infra.review.model import SECRET_CHANGED, UNKNOWN, PropertyChange
from infra.review.property_paths import MISSING, differences, parts_of, path_of, value_at
from infra.review.steps import Step, component_of, resource_change

URN = (
    "urn:pulumi:dev.platform::slipway::slipway:cluster:Component$kubernetes:apps/v1:Deployment::Deployment:harbor/core"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('ab.["\\]', max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('ab.["\\]', min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
PARTS = st.lists(st.integers(0, 30) | st.text('ab.["\\]-/', min_size=1, max_size=6), min_size=1, max_size=5)


def step(operation: str = "update", **parts: Any) -> Step:
    return Step(URN, "kubernetes:apps/v1:Deployment", operation, **parts)


def properties(**parts: Any) -> list[PropertyChange]:
    found = resource_change(step(**parts))
    assert found is not None
    return list(found.properties)


@given(PARTS)
def test_a_path_is_read_as_it_was_written(parts: list[int | str]) -> None:
    assert parts_of(path_of(tuple(parts))) == tuple(parts)


@given(JSON, JSON)
def test_differences_are_all_there_is_between_two_values(old: Any, new: Any) -> None:
    found = list(differences(old, new))
    assert (found == []) == (json.dumps(old) == json.dumps(new) or old == new)
    for parts, was, now in found:
        assert was != now
        assert was is MISSING or value_at(old, parts) == was or _named(old)
        assert now is MISSING or value_at(new, parts) == now or _named(new)


def _named(value: Any) -> bool:
    return "name" in json.dumps(value)


def test_a_change_is_told_down_to_the_value_that_differs() -> None:
    old = {"spec": {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]}}
    new = {"spec": {"containers": [{"name": "b", "image": "b:2"}, {"name": "a", "image": "a:1"}]}}
    assert properties(old=old, new=new, detailed={"spec": "update"}) == [
        PropertyChange("spec.containers[0].image", "b:1", "b:2")
    ]


def test_what_forces_a_replacement_is_marked() -> None:
    found = properties(
        operation="replace",
        old={"a": 1, "b": {"c": 1}},
        new={"a": 2, "b": {"c": 2}},
        detailed={"a": "update", "b.c": "update-replace"},
    )
    assert found == [PropertyChange("a", "1", "2"), PropertyChange("b.c", "1", "2", replaces=True)]
    by_keys = properties(operation="replace", old={"a": 1}, new={"a": 2}, detailed={"a": "update"}, keys=("a",))
    assert by_keys == [PropertyChange("a", "1", "2", replaces=True)]


@pytest.mark.parametrize("secret", ["[secret]", {"4dabf18193072939515e22adb298388d": "1b47", "ciphertext": "v1:x"}])
def test_of_secrets_only_their_change_is_told(secret: Any) -> None:
    old, new = {"data": {"key": secret}, "type": "a"}, {"data": {"key": secret}, "type": "b"}
    assert properties(old=old, new=new, detailed={"data.key": "update", "type": "update"}) == [
        PropertyChange("data.key", SECRET_CHANGED, SECRET_CHANGED),
        PropertyChange("type", "a", "b"),
    ]
    assert properties(old={}, new=new, detailed={"data": "add"}) == [PropertyChange("data", "", SECRET_CHANGED)]


@pytest.mark.parametrize("secret", ["[secret]", {"4dabf18193072939515e22adb298388d": "1b47", "ciphertext": "v1:x"}])
def test_what_the_api_makes_of_a_secret_is_told_of_what_was_asked_for(secret: Any) -> None:
    asked = {"stringData": secret}
    assert properties(old=asked, new=asked, detailed={'data["config.yaml"]': "update"}) == [
        PropertyChange('stringData["config.yaml"]', SECRET_CHANGED, SECRET_CHANGED)
    ]


def test_entries_of_a_secret_that_change_their_name_are_told_once() -> None:
    old, new = {"data": "[secret]"}, {"stringData": "[secret]"}
    assert properties(old=old, new=new, detailed={"data": "delete", "stringData": "add"}) == [
        PropertyChange("stringData", SECRET_CHANGED, SECRET_CHANGED)
    ]


def test_what_is_not_known_yet_is_said() -> None:
    new = {"id": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}
    assert properties(old={"id": "a"}, new=new, detailed={"id": "update"}) == [PropertyChange("id", "a", UNKNOWN)]


def test_what_was_changed_by_others_is_told_from_the_state() -> None:
    same = {"replicas": 2}
    found = properties(old=same, new=same, state={"replicas": 5}, detailed={"replicas": "update"})
    assert found == [PropertyChange("replicas", "5", "2")]


def test_documents_of_first_boot_are_texts() -> None:
    path = 'extraConfig["guestinfo.userdata"]'
    old, new = ({"extraConfig": {"guestinfo.userdata": packed(text)}} for text in ("a\n", "b\n"))
    assert properties(old=old, new=new, detailed={path: "update"}) == [PropertyChange(path, "a\n", "b\n")]


@pytest.mark.parametrize("operation", ["same", "read", "create-replacement", "delete-replaced"])
def test_steps_that_change_nothing_are_left_out(operation: str) -> None:
    assert resource_change(step(operation)) is None


def test_a_step_that_nobody_knows_counts_as_a_change() -> None:
    found = resource_change(step("sideways"))
    assert found is not None
    assert (found.operation, found.name) == ("other", "Deployment:harbor/core")


def test_a_resource_is_told_with_what_it_stands_in() -> None:
    above = "urn:pulumi:dev.platform::slipway::slipway:cluster:Component::harbor"
    found = resource_change(step("create", parent=above))
    assert found is not None
    assert found.component == "harbor"
    assert component_of("urn:pulumi:dev.platform::slipway::pulumi:pulumi:Stack::slipway-dev.platform") == ""
