"""What a template has to be: the notes of its own recipe are right, and every difference is found."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from ruamel.yaml import YAML

from infra.template_contract import FoundTemplate, template_differences, wanted_notes
from rehearsal.inventory import as_yaml, derived_inventory, server_of
from tests.support.environments import DEV, PROD, RELEASE, STAGING


def notes(**changes: Any) -> str:
    text = io.StringIO()
    YAML(typ="safe", pure=True).dump({**wanted_notes(RELEASE), **changes}, text)
    return text.getvalue()


NO_NOTES = ["notes is no list of what is inside, the release wants those that its build writes"]
RIGHT = FoundTemplate("a", "ubuntu64Guest", "efi", 20, 20, notes())


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (RIGHT, []),
        (replace(RIGHT, notes=notes(containerd="2.10.0")), []),
        (replace(RIGHT, disk_gib=10, hardware_version=17), []),
        (replace(RIGHT, firmware="bios"), ["firmware is bios, the release wants efi"]),
        (replace(RIGHT, hardware_version=13), ["hardware version is 13, the release wants 17 to 20"]),
        (replace(RIGHT, hardware_version=21), ["hardware version is 21, the release wants 17 to 20"]),
        (replace(RIGHT, disk_gib=40), ["disk is 40 GiB, the release wants 20 GiB or less"]),
        (replace(RIGHT, guest_id="debian12_64Guest"), ["guest is debian12_64Guest, the release wants ubuntu64Guest"]),
        (replace(RIGHT, notes="made by Bob"), NO_NOTES),
        (replace(RIGHT, notes="a: ["), NO_NOTES),
        (replace(RIGHT, notes=notes(kubelet="1.36.4")), ["kubelet is 1.36.4, the release wants 1.36.3"]),
        (replace(RIGHT, notes=notes(containerd="2.0.9")), ["containerd is 2.0.9, the release wants 2.1 or newer"]),
        (
            replace(RIGHT, notes=notes(**{"gpu-driver": "595.91"})),
            ["gpu-driver is 595.91, the release wants none: the GPU operator brings it"],
        ),
    ],
)  # fmt: skip
def test_differences(template: FoundTemplate, said: list[str]) -> None:
    assert [str(difference) for difference in template_differences(template, RELEASE)] == said


@pytest.mark.parametrize(("driver", "fits"), [("580.65.06", True), ("580.82.07", False), ("none", False)])
def test_driver_in_the_template_is_the_release_s_own(driver: str, *, fits: bool) -> None:
    template = RELEASE.machine_template.model_copy(update={"driver_strategy": "template"})
    release = RELEASE.model_copy(update={"machine_template": template})
    said = template_differences(replace(RIGHT, notes=notes(**{"gpu-driver": driver})), release)
    wanted = "the release wants 580.65.06: nobody else brings it"
    assert [str(difference) for difference in said] == ([] if fits else [f"gpu-driver is {driver}, {wanted}"])


def test_images_that_are_missing_are_named_each() -> None:
    found = template_differences(replace(RIGHT, notes=notes(images=[])), RELEASE)
    assert [difference.what for difference in found] == [f"image {image}" for image in wanted_notes(RELEASE)["images"]]


def test_a_vcenter_made_from_the_documents_has_all_that_they_name() -> None:
    inventory = YAML(typ="safe").load(as_yaml(derived_inventory([(DEV, RELEASE), (STAGING, RELEASE)])))
    (datacenter,) = inventory["datacenters"]
    assert [cluster["name"] for cluster in datacenter["clusters"]] == ["cluster-01"]
    assert [store["name"] for store in datacenter["datastores"]] == ["datastore-01"]
    assert [pod["name"] for pod in datacenter["datastoreClusters"]] == ["pod-01"]
    assert [network["name"] for network in datacenter["networks"]] == ["vm-network"]
    (template,) = datacenter["templates"]
    found = FoundTemplate(template["name"], "ubuntu64Guest", "efi", 17, 20, template["notes"])
    assert template_differences(found, RELEASE) == []
    assert server_of([(DEV, RELEASE), (STAGING, RELEASE)]) == "vcenter.example.internal"


def test_hosts_are_enough_for_the_nodes_that_are_kept_apart() -> None:
    (datacenter,) = derived_inventory([(PROD, RELEASE)])["datacenters"]
    hosts = {cluster["name"]: len(cluster["hosts"]) for cluster in datacenter["clusters"]}
    assert hosts == {"general-01": 4, "gpu-01": 4, "storage-01": 3}
