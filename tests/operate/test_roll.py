"""Which nodes are made anew together, and what protection says no to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.automation import CommandError, CommandResult

from infra.compute.plan import plan_compute
from infra.errors import StepFailed
from infra.operate.changes import Changes
from infra.operate.protection import Protected, check_protection, protected_things
from infra.operate.roll import batches, disturb_in_batches
from tests.support.environments import PROD, RELEASE, changed

if TYPE_CHECKING:
    from infra.operate.engine import LayerStack

PLAN = plan_compute(PROD, RELEASE)
PREFIX = "urn:pulumi:prod.compute::slipway::slipway:compute:Node$vsphere:index/virtualMachine:VirtualMachine::"
URNS = [f"{PREFIX}{node.name}" for node in PLAN.nodes]


def names(groups: list[list[str]]) -> list[list[str]]:
    return [[urn.removeprefix(PREFIX) for urn in group] for group in groups]


def test_pools_are_made_anew_as_their_roll_policy_says() -> None:
    assert names(batches(PLAN, URNS)) == [
        ["prod-control-plane-1"],
        ["prod-control-plane-2"],
        ["prod-control-plane-3"],
        ["prod-cpu-1", "prod-cpu-2"],
        ["prod-cpu-3", "prod-cpu-4"],
        ["prod-data-1"],
        ["prod-data-2"],
        ["prod-data-3"],
        *([f"prod-inference-{number}"] for number in (1, 2, 3, 4)),
        *([f"prod-notebooks-{number}"] for number in (1, 2, 3)),
        *([f"prod-training-{number}"] for number in (1, 2)),
    ]


@given(urns=st.lists(st.sampled_from([*URNS, f"{PREFIX}prod-old-1", f"{PREFIX}prod-old-2"]), unique=True))
def test_every_node_is_made_anew_once_and_never_too_many_at_once(urns: list[str]) -> None:
    groups = batches(PLAN, urns)
    assert sorted(urn for group in groups for urn in group) == sorted(urns)
    pools = {node.name: pool for pool in PLAN.pools for node in pool.nodes}
    for group in names(groups):
        of_group = {pools[name].name if name in pools else name for name in group}
        assert len(of_group) == 1
        assert len(group) <= (pools[group[0]].max_unavailable if group[0] in pools else 1)


def recorded(*protected: str) -> dict[str, Any]:
    """Return a state with every pool and node of prod, some of them protected."""
    entries = [("slipway:compute:NodePool", pool.name) for pool in PLAN.pools]
    entries += [("slipway:compute:Node", node.name) for node in PLAN.nodes]
    return {
        "resources": [
            {"type": kind, "urn": f"urn:pulumi:prod.compute::slipway::{kind}::{name}", "protect": name in protected}
            for kind, name in entries
        ]
    }


def test_what_is_protected_is_named_as_in_the_document() -> None:
    nothing = changed(PROD, {"protected": []})
    assert protected_things(recorded("control-plane", "data"), nothing) == ["controlPlane", "nodePools.data"]
    assert protected_things(recorded(), nothing) == []


def test_what_the_document_protects_is_protected_before_the_state_knows() -> None:
    assert protected_things(recorded(), PROD) == ["controlPlane", "nodePools.data"]
    assert protected_things({}, PROD) == []


def test_what_is_still_in_the_document_is_no_business_of_protection() -> None:
    check_protection("prod.compute", recorded("data", "prod-data-1", "prod-data-3"), PROD, RELEASE)


@pytest.mark.parametrize(
    ("changes", "things"),
    [
        ({"nodePools.data.count": 2}, "prod-data-3"),
        ({"nodePools.data": None, "protected": ["controlPlane"]}, "nodePools.data, prod-data-1, prod-data-3"),
    ],
    ids=["shrunk", "removed"],
)
def test_what_would_go_is_said_with_the_way_to_let_it_go(changes: dict[str, Any], things: str) -> None:
    state = recorded("data", "prod-data-1", "prod-data-3")
    with pytest.raises(Protected) as refused:
        check_protection("prod.compute", state, changed(PROD, changes), RELEASE)
    assert str(refused.value) == (
        f"prod.compute: {things}: protected from deletion in stacks/environments/prod.yaml; to let go, put them back, "
        "take their pool from `protected`, run `./slipway up prod`, and only then take them out of the document"
    )


class PlayedEngine:
    """Stands for the engine: notes how each part is updated, and fails with `failure` if there is one."""

    name = "prod.compute"

    def __init__(self, failure: str = "") -> None:
        self.handle = self
        self.failure = failure
        self.updates: list[tuple[list[str], int | None]] = []

    def up(self, *, target: list[str], parallel: int | None, **_: object) -> None:
        """Note an update."""
        if self.failure:
            raise CommandError(CommandResult(self.failure, "", 255))
        self.updates.append((target, parallel))


def updates(changes: Changes) -> list[tuple[list[str], int | None]]:
    engine = PlayedEngine()
    disturb_in_batches(cast("LayerStack", engine), changes, [["a::one"], ["a::two", "a::three"]])
    return engine.updates


def test_what_is_new_comes_first_and_then_group_after_group() -> None:
    assert updates(Changes(needed=("tag",), attached=("b::three",))) == [
        (["tag"], None),
        (["a::one"], None),
        (["a::two", "a::three", "b::three"], None),
    ]


def test_the_engine_goes_step_by_step_while_something_is_to_go() -> None:
    assert updates(Changes(removed=("old tag",))) == [(["a::one"], 1), (["a::two", "a::three"], 1)]


def test_a_state_in_the_wrong_order_is_named_with_what_mends_it() -> None:
    engine = PlayedEngine("failed to save snapshot: snapshot integrity failure; it was already written")
    with pytest.raises(StepFailed) as refused:
        disturb_in_batches(cast("LayerStack", engine), Changes(), [["a::one"], ["a::two"]])
    assert str(refused.value) == (
        "prod.compute: updating a part of it: the engine wrote its state in the wrong order; "
        "mend it: pulumi state repair -s prod.compute, and run the command again"
    )
