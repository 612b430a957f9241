"""Which nodes go first, so that no address is ever held twice."""

from __future__ import annotations

from infra.operate.addresses import handed_on


def test_renamed_pool_gives_its_addresses_up_first() -> None:
    assert handed_on(
        {"dev-a-1": "10.0.0.1", "dev-b-1": "10.0.0.2"}, {"dev-c-1": "10.0.0.1", "dev-b-1": "10.0.0.2"}
    ) == {"dev-a-1": "dev-c-1"}


def test_removed_node_whose_address_nobody_takes_is_left_to_the_engine() -> None:
    assert handed_on({"dev-a-1": "10.0.0.1"}, {"dev-c-1": "10.0.0.9"}) == {}


def test_node_that_only_moves_is_left_to_the_engine() -> None:
    assert handed_on({"dev-a-1": "10.0.0.1"}, {"dev-a-1": "10.0.0.2"}) == {}
