"""Seals: whatever moves is found and named, the order of changes means nothing, and no secret is in them."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.review.machines import MACHINE
from infra.review.model import LayerReview, PropertyChange, ResourceChange
from infra.review.seal import PlanRefused, Seal, SealedLayer, SealParts, check_sealed, compare, compare_all, seal
from infra.review.seal_parts import Below
from tests.review.changes import change, layer

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT = st.text("ab:./-é", max_size=5)
PROPERTY = st.builds(PropertyChange, TEXT, TEXT, TEXT, st.booleans())
CHANGE = st.builds(
    ResourceChange,
    urn=TEXT,
    type=TEXT,
    name=TEXT,
    component=TEXT,
    operation=st.sampled_from(["create", "update", "replace", "delete"]),
    properties=st.lists(PROPERTY, max_size=3).map(tuple),
    protected=st.booleans(),
)
HASHES = st.dictionaries(TEXT, TEXT, max_size=3)
BELOW = st.none() | st.builds(Below, TEXT, TEXT, TEXT)
CHANGES = st.lists(CHANGE, max_size=4).map(tuple)
PARTS = st.builds(
    SealParts,
    st.builds(LayerReview, st.just("dev"), st.just("cluster"), st.just("changes"), changes=CHANGES),
    HASHES,
    TEXT,
    BELOW,
    HASHES,
)


def planned(*changes: ResourceChange, **parts: Any) -> SealParts:
    """Return the parts of a layer that stands on compute."""
    review = layer(*changes, stack="dev.cluster")
    given_ = SealParts(
        review,
        {"stacks/environments/dev.yaml": "one", "stacks/releases/1.yaml": "two"},
        "state",
        Below("dev.compute", "handover", "lower"),
        {"pulumi": "3.259.0"},
    )
    return replace(given_, **parts)


def moved(before: SealParts, after: SealParts, *, below_ran: bool = False) -> list[str]:
    return compare(seal(before), seal(after), below_ran=below_ran)


def machine(number: int, operation: Any = "create", new: str = "4") -> ResourceChange:
    told = PropertyChange("numCpus", "2", new)
    return change(operation, MACHINE, f"dev-cpu-{number}", told, stack="dev.cluster")


@given(PARTS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_order_means_nothing(parts: SealParts, random: Any) -> None:
    changes = [replace(each, properties=shuffled(each.properties, random)) for each in parts.review.changes]
    other = replace(parts, review=replace(parts.review, changes=shuffled(tuple(changes), random)))
    other = replace(other, documents=dict(reversed(list(parts.documents.items()))))
    assert seal(parts) == seal(other)
    assert seal(parts).hash == seal(other).hash
    assert moved(parts, other) == []


def shuffled(entries: tuple[Any, ...], random: Any) -> tuple[Any, ...]:
    found = list(entries)
    random.shuffle(found)
    return tuple(found)


@given(PARTS, PARTS)
@settings(deadline=None)
def test_two_plans_are_the_same_only_if_all_their_parts_are(one: SealParts, other: SealParts) -> None:
    def as_sets(parts: SealParts) -> Any:
        changes = [replace(each, properties=tuple(sorted(each.properties))) for each in parts.review.changes]
        return sorted(changes), parts.documents, parts.state, parts.below, parts.tools

    same = as_sets(one) == as_sets(other)
    assert (moved(one, other) == []) == same
    assert (seal(one).hash == seal(other).hash) == same


@given(PARTS, st.data())
@settings(deadline=None)
def test_any_change_of_one_thing_is_found(parts: SealParts, data: st.DataObject) -> None:
    part = data.draw(st.sampled_from(["change", "property", "fewer", "document", "state", "below", "tool"]))
    other = altered(parts, part, data)
    if other is None:
        return
    assert moved(parts, other) != []
    assert seal(parts).hash != seal(other).hash


def altered(parts: SealParts, part: str, data: st.DataObject) -> SealParts | None:
    """Return parts of which one thing is another, or None where there is no such thing."""
    if part in ("change", "property", "fewer"):
        changes = altered_changes(list(parts.review.changes), part, data)
        return None if changes is None else replace(parts, review=replace(parts.review, changes=tuple(changes)))
    if part == "state":
        return replace(parts, state=another(parts.state))
    if part == "below":
        if parts.below is None:
            return replace(parts, below=Below("dev.compute", "", ""))
        name = data.draw(st.sampled_from(["stack", "handover", "state"]))
        return replace(parts, below=replace(parts.below, **{name: another(getattr(parts.below, name))}))
    if part == "document":
        return replace(parts, documents=altered_entries(parts.documents, data))
    return replace(parts, tools=altered_entries(parts.tools, data))


def altered_changes(changes: list[ResourceChange], part: str, data: st.DataObject) -> list[ResourceChange] | None:
    if not changes:
        return None
    at = data.draw(st.integers(0, len(changes) - 1))
    if part == "fewer":
        return [*changes[:at], *changes[at + 1 :]]
    one = changes[at]
    if part == "change":
        name = data.draw(st.sampled_from([field.name for field in fields(one) if field.name != "properties"]))
        return [*changes[:at], replace(one, **{name: another(getattr(one, name))}), *changes[at + 1 :]]
    if not one.properties:
        return None
    name = data.draw(st.sampled_from([field.name for field in fields(PropertyChange)]))
    told = replace(one.properties[0], **{name: another(getattr(one.properties[0], name))})
    return [*changes[:at], replace(one, properties=(told, *one.properties[1:])), *changes[at + 1 :]]


def altered_entries(before: Mapping[str, str], data: st.DataObject) -> dict[str, str]:
    entries = dict(before)
    key = data.draw(st.sampled_from([*sorted(entries), "another"]))
    entries[key] = another(entries.get(key, ""))
    return entries


def another(value: Any) -> Any:
    return not value if isinstance(value, bool) else f"{value}!"


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (
            planned(machine(1), machine(3), machine(4)),
            (
                "dev.cluster: the plan differs: 2 resources more (create VirtualMachine dev-cpu-3, "
                "create VirtualMachine dev-cpu-4)"
            ),
        ),
        (planned(), "dev.cluster: the plan differs: 1 resource fewer (create VirtualMachine dev-cpu-1)"),
        (
            planned(machine(1, new="8")),
            "dev.cluster: the plan differs: 1 resource otherwise (create VirtualMachine dev-cpu-1)",
        ),
        (
            planned(machine(1, "replace")),
            "dev.cluster: the plan differs: 1 resource otherwise (replace VirtualMachine dev-cpu-1)",
        ),
        (
            planned(machine(1), documents={"stacks/environments/dev.yaml": "x", "stacks/releases/1.yaml": "two"}),
            "the document stacks/environments/dev.yaml has changed",
        ),
        (
            planned(machine(1), documents={"stacks/environments/dev.yaml": "one"}),
            "the document stacks/releases/1.yaml is not there any more",
        ),
        (planned(machine(1), state="other"), "dev.cluster: its state has changed since the review (another run)"),
        (planned(machine(1), tools={"pulumi": "3.260.0"}), "tool pulumi 3.259.0 -> 3.260.0"),
        (planned(machine(1), tools={}), "tool pulumi 3.259.0 -> none"),
        (
            planned(machine(1), below=Below("dev.compute", "x", "lower")),
            "dev.cluster: what dev.compute hands over has changed since the review",
        ),
        (
            planned(machine(1), below=Below("dev.compute", "handover", "x")),
            "dev.compute: its state has changed since the review (another run)",
        ),
        (planned(machine(1), below=None), "dev.cluster: stood on dev.compute, and now on nothing"),
        (replace(planned(machine(1)), review=layer(machine(1))), "prod.platform: the seal is of dev.cluster"),
    ],
)
def test_a_refusal_says_what_moved(after: SealParts, says: str) -> None:
    assert moved(planned(machine(1)), after) == [says]


def test_many_more_resources_are_counted_and_some_are_named() -> None:
    (line,) = moved(planned(), planned(*(machine(number) for number in range(1, 8))))
    assert line.startswith("dev.cluster: the plan differs: 7 resources more (create VirtualMachine dev-cpu-1, ")
    assert line.endswith(" and 4 more)")


def test_a_layer_below_that_has_run_may_hand_over_something_else_and_the_plan_still_counts() -> None:
    after = planned(machine(1), below=Below("dev.compute", "x", "y"))
    assert len(moved(planned(machine(1)), after)) == 2
    assert moved(planned(machine(1)), after, below_ran=True) == []
    (line,) = moved(planned(machine(2)), after, below_ran=True)
    assert "the plan differs" in line


def sealed(*layers: SealedLayer) -> Seal:
    return Seal("2026-11-26T12:00:00Z", "jane", stacks={each.stack: each for each in layers})


def test_all_layers_are_compared_and_each_line_comes_once() -> None:
    before = [seal(planned(machine(1))), seal(replace(planned(), review=layer(stack="dev.platform")))]
    documents = {"stacks/environments/dev.yaml": "x", "stacks/releases/1.yaml": "two"}
    after = [replace(each, documents=documents) for each in before]
    assert compare_all(sealed(*before), before) == []
    check_sealed(sealed(*before), before)
    assert compare_all(sealed(*before), after) == ["the document stacks/environments/dev.yaml has changed"]
    with pytest.raises(PlanRefused, match="is not what was reviewed"):
        check_sealed(sealed(*before), after)


def test_a_layer_that_was_not_reviewed_is_refused() -> None:
    (line,) = compare_all(sealed(), [seal(planned())])
    assert line == "dev.cluster: is not in the seal, which has nothing"
    first, second = seal(planned()), seal(replace(planned(), review=layer(stack="dev.compute"), below=None))
    assert compare_all(sealed(first, second), [second]) == []  # fewer layers may be carried out than were reviewed


def test_layers_that_ran_under_the_seal_are_told_by_their_stacks() -> None:
    before = seal(planned(machine(1)))
    after = replace(before, below=Below("dev.compute", "x", "y"))
    assert compare_all(sealed(before), [after], {"dev.compute"}) == []
    assert compare_all(sealed(before), [after], {"dev.platform"}) != []


@pytest.mark.parametrize("verdict", ["not previewable", "preview failed"])
def test_what_nobody_has_seen_is_not_sealed(verdict: Any) -> None:
    review = LayerReview("dev", "cluster", verdict, "dev.compute is not there")
    with pytest.raises(PlanRefused) as refused:
        seal(replace(planned(), review=review))
    assert str(refused.value).startswith(f"dev.cluster: {verdict} (dev.compute is not there)")


def test_who_and_when_are_part_of_what_is_approved() -> None:
    first = sealed(seal(planned()))
    assert len({first.hash, replace(first, by="joe").hash, replace(first, made="later").hash}) == 3
