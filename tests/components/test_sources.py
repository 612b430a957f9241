"""Where secrets come from: which settings a stack has to have, what the layer below has to hand over."""

from __future__ import annotations

from infra.components.sources import lacking, name_of, settings_among, space

SOURCES = ("made:a", "hex:b", "signing:c.password", "below:d", "below:e", "slipway:mailPassword", "vsphere:user")


def test_settings_are_what_is_not_made_and_not_handed_over() -> None:
    assert settings_among(SOURCES) == ("slipway:mailPassword", "vsphere:user")


def test_what_is_not_handed_over_yet_is_named() -> None:
    assert lacking(SOURCES, ["d", "other"]) == ("e",)
    assert lacking(SOURCES, ["d", "e"]) == ()


def test_a_source_is_a_kind_and_a_name() -> None:
    assert (space("signing:c.password"), name_of("signing:c.password")) == ("signing", "c.password")
