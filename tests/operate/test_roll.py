"""Which nodes are made anew together, and what protection says no to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.compute.plan import plan_compute
from infra.operate.protection import Protected, check_protection, protected_things
from infra.operate.roll import batches
from tests.support.environments import PROD, RELEASE, changed

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
