"""Which nodes go first, so that no address is ever held twice."""

from __future__ import annotations

from infra.operate.addresses import handed_on


def test_renamed_pool_gives_its_addresses_up_first() -> None:
    assert handed_on(
        {"dev-a-1": "10.0.0.1", "dev-b-1": "10.0.0.2"}, {"dev-c-1": "10.0.0.1", "dev-b-1": "10.0.0.2"}
    ) == {"dev-a-1": "dev-c-1"}


def test_removed_node_whose_address_nobody_takes_is_left_to_the_engine() -> None:
    assert handed_on({"dev-a-1": "10.0.0.1"}, {"dev-c-1": "10.0.0.9"}) == {}


def test_pool_that_takes_over_the_range_of_one_that_goes_lets_it_go_first() -> None:
    present = {"dev-gpu-1": "10.0.0.1", "dev-cpu-1": "10.0.0.2"}
    assert handed_on(present, {"dev-cpu-1": "10.0.0.1"}) == {"dev-gpu-1": "dev-cpu-1"}


def test_pools_that_swap_both_go_first() -> None:
    present = {"dev-a-1": "10.0.0.1", "dev-b-1": "10.0.0.2"}
    swapped = {"dev-a-1": "10.0.0.2", "dev-b-1": "10.0.0.1"}
    assert handed_on(present, swapped) == {"dev-a-1": "dev-b-1", "dev-b-1": "dev-a-1"}


def test_pool_that_moves_away_from_a_range_that_a_new_one_takes_goes_first() -> None:
    planned = {"dev-a-1": "10.0.0.9", "dev-b-1": "10.0.0.1"}
    assert handed_on({"dev-a-1": "10.0.0.1"}, planned) == {"dev-a-1": "dev-b-1"}


def test_node_that_only_moves_is_left_to_the_engine() -> None:
    assert handed_on({"dev-a-1": "10.0.0.1"}, {"dev-a-1": "10.0.0.2"}) == {}
