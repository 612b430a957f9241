"""What is known to mean nothing: of a provider only what the engine keeps with it, never what it reaches."""

from __future__ import annotations

import pytest

from infra.review.layer_review import layer_review
from infra.review.model import Staleness
from infra.review.steps import Step

URN = "urn:pulumi:dev.compute::slipway::pulumi:providers:vsphere::vcenter"
SECRET = "[secret]"  # noqa: S105 - what the engine shows for one


def reviewed(old: dict[str, object], new: dict[str, object]) -> tuple[int, int]:
    """Return how many changes of a provider are told, and how many are noise."""
    keys = {key: "update" for key in {*old, *new} if old.get(key) != new.get(key) or old.get(key) == SECRET}
    step = Step(URN, "pulumi:providers:vsphere", "update", old=old, new=new, detailed=keys)
    found = layer_review("dev", "compute", [step], Staleness())
    return len(found.changes), sum(count for _, count in found.noise)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"version": "4.18.2"}, {"version": "4.18.3"}),
        ({"pluginDownloadURL": "https://a"}, {"pluginDownloadURL": "https://b"}),
        ({"__internal": {"pluginChecksums": "a"}}, {"__internal": {"pluginChecksums": "b"}}),
        ({}, {"__internal": {}}),
    ],
)
def test_where_a_provider_comes_from_is_noise(old: dict[str, object], new: dict[str, object]) -> None:
    assert reviewed(old, new) == (0, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"vsphereServer": "a.example"}, {"vsphereServer": "b.example"}),
        ({"allowUnverifiedSsl": "false"}, {"allowUnverifiedSsl": "true"}),
        ({"version": "1", "vsphereServer": "a"}, {"version": "2", "vsphereServer": "b"}),
        ({"versionOfApi": "1"}, {"versionOfApi": "2"}),
        ({"kubeconfig": SECRET}, {"kubeconfig": SECRET}),
    ],
)
def test_what_a_provider_reaches_is_a_change(old: dict[str, object], new: dict[str, object]) -> None:
    assert reviewed(old, new) == (1, 0)
