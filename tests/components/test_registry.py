"""The registry as others use it: names of images, and how trust in its certificate comes to programs."""

from __future__ import annotations

import pytest

from infra.components.authorities import authorities, trust_of_pods
from infra.components.registry import handed_robot_password, registry_host, robot_password, robot_user, through_registry
from infra.platform.plan import plan_platform
from tests.support.environments import CATALOG, RELEASE, changed

DEV, _ = CATALOG.load("dev")
HOST = "registry.apps.dev.example.internal"
PEM = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("nginx", f"{HOST}/docker.io/library/nginx"),
        ("kserve/storage-initializer:v1", f"{HOST}/docker.io/kserve/storage-initializer:v1"),
        ("docker.io/python:3.13", f"{HOST}/docker.io/library/python:3.13"),
        ("docker.io/library/python:3.13", f"{HOST}/docker.io/library/python:3.13"),
        ("quay.io/a/b@sha256:1", "quay.io/a/b@sha256:1"),  # dev has no copy of it
        ("localhost:5000/a", "localhost:5000/a"),
    ],
)
def test_images_are_had_through_the_registry_where_it_stands_in(image: str, name: str) -> None:
    assert through_registry(DEV, image) == name


def test_accounts_have_the_names_that_each_kind_gives_them() -> None:
    assert registry_host(DEV) == HOST
    small = changed(DEV, {"platform.registry.kind": "zot"})
    assert [robot_user(each, "builds") for each in (DEV, small)] == ["robot$builds", "builds"]


def test_the_layer_above_is_handed_the_passwords_that_it_asks_for() -> None:
    handed = {each.partition(":")[2] for each in plan_platform(DEV, RELEASE).handed}
    for robot in ("builds", "pull"):
        assert handed_robot_password(robot).partition(":")[2] == robot_password(robot).partition(":")[2]
        assert robot_password(robot).partition(":")[2] in handed


def test_programs_trust_what_a_document_names() -> None:
    site = changed(DEV, {"firstBoot.trustedAuthorities": [PEM]})
    (found,) = authorities(site, "harbor")
    assert found["stringData"] == {"ca.crt": f"{PEM}\n"}
    assert trust_of_pods(site)["volumes"][0]["secret"]["secretName"] == found["metadata"]["name"]
    assert authorities(DEV, "harbor") == ()
    assert trust_of_pods(DEV) == {"env": [], "volumes": [], "volumeMounts": []}


def test_where_the_cluster_signs_itself_cert_manager_tells_who() -> None:
    alone = changed(DEV, {"cluster.certificates": {}})
    (found,) = authorities(alone, "harbor")
    assert (found["kind"], found["spec"]["issuerRef"]["kind"]) == ("Certificate", "ClusterIssuer")
