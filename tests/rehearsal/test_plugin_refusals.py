"""What the played plugin refuses by name, and where its names and types come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.vsphere_plugin.checks import check_token, input_problems
from rehearsal.vsphere_plugin.connection import Refused
from rehearsal.vsphere_plugin.differences import behaviour, tokens
from rehearsal.vsphere_plugin.schema import input_types, types_file, write_types
from rehearsal.vsphere_plugin.values import UNKNOWN

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = "vsphere:index/virtualMachine:VirtualMachine"


@pytest.fixture(scope="module", autouse=True)
def _types() -> None:
    """As a rehearsal does before it starts the plugin."""
    if not types_file().exists():
        write_types(types_file())


@pytest.mark.parametrize(
    ("inputs", "problems"),
    [
        ({"numCpus": 4, "disks": [{"label": "a", "size": 1}], "clone": {"templateUuid": UNKNOWN}}, {}),
        ({"numCpus": "4", "enableDiskUuid": "true"}, {}),
        ({"numGpus": 1}, {"numGpus": "there is no such property"}),
        ({"vtpm": {}}, {"vtpm": f"the vSphere plugin for rehearsals does not serve vtpm of {MACHINE}"}),
        ({"numCpus": "many"}, {"numCpus": "'many' is not a whole number"}),
        ({"numCpus": True}, {"numCpus": "True is not a whole number"}),
        ({"disks": {}}, {"disks": "is not a list"}),
        ({"disks": [{"lable": "a"}]}, {"disks[0].lable": "there is no such property"}),
        ({"extraConfig": {"a": 1}}, {"extraConfig.a": "1 is not a text"}),
        (
            {"disks": [{"label": "a", "size": 1, "keepOnRemove": True}]},
            {
                "disks[0].keepOnRemove": "the vSphere plugin for rehearsals does not serve disks[0].keepOnRemove of "
                f"{MACHINE}"
            },
        ),
        (
            {"clone": {"templateUuid": "a", "linkedClone": True}},
            {
                "clone.linkedClone": f"the vSphere plugin for rehearsals does not serve clone.linkedClone of {MACHINE}",
            },
        ),
        (
            {"datastoreId": "a", "datastoreClusterId": "b"},
            {
                "datastoreClusterId": "Conflicting configuration arguments: "
                '"datastore_cluster_id": conflicts with datastore_id'
            },
        ),
    ],
)
def test_inputs(inputs: dict[str, Any], problems: dict[str, str]) -> None:
    assert input_problems(MACHINE, inputs) == problems


def test_unknown_token_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="does not serve vsphere:index/host:Host; it serves vsphere:index/compute"):
        check_token("vsphere:index/host:Host")


@pytest.mark.parametrize("token", sorted(tokens()))
def test_every_served_property_is_one_of_the_official_schema(token: str) -> None:
    assert set(behaviour(token)) <= set(input_types(token)["object"])


def test_kept_types_are_those_of_the_installed_package(tmp_path: Path) -> None:
    import json  # noqa: PLC0415 - used here alone

    write_types(tmp_path / "types.json")
    fresh = json.loads((tmp_path / "types.json").read_text(encoding="utf-8"))
    assert {token: input_types(token) for token in tokens()} == fresh
